/** What `berth help` prints. */
export const USAGE = `Usage: berth [serve] [flags]

Serves several local models on one accelerator, one at a time, in strict arrival order.

Flags (one dash or two; "-flag value" or "-flag=value"):
  -config FILE       llama-swap compatible config; without it the built-in default config is served
  -config-dir DIR    folder whose *.yaml and *.yml files are merged in, in order of their names
  -watch-config      take over changes of the config's files while serving
  -listen HOST:PORT  where to listen (default 127.0.0.1:8080, with TLS 127.0.0.1:8443)
  -tls-cert-file PEM, -tls-key-file PEM
                     serve https
  -version           print the version and exit
  -help              print this text and exit

Other commands:
  berth tiny [--port N] [flags]   serve the built-in tiny model alone
  berth version
  berth help`;
