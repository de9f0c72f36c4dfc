/** What `berth help` prints. */
export const USAGE = `Usage: berth [serve] [flags]

Serves several local models on one accelerator, one at a time, in strict arrival order.

Flags (one dash or two; "-flag value" or "-flag=value"):
  -config FILE       llama-swap compatible config; without it the built-in default config is served
  -config-dir DIR    folder whose *.yaml and *.yml files are merged in, in order of their names
  -listen HOST:PORT  where to listen (default 127.0.0.1:8080)
  -version           print the version and exit
  -help              print this text and exit

Not available yet: -watch-config, -tls-cert-file, -tls-key-file.

Other commands:
  berth tiny [--port N] [flags]   serve the built-in tiny model alone
  berth version
  berth help`;
