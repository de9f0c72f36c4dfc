/**
 * A worker that passes every request on to the URL in its argument: a backend that is nothing but a way to something else.
 *
 * @module
 */

export default {
  /** Passes a request on. */
  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === "GET" ? null : await request.bytes();
    const answer = await fetch(`${Deno.args[0]}${pathname}${search}`, { method, headers, body });
    return new Response(await answer.bytes(), { status: answer.status, headers: answer.headers });
  },
};
