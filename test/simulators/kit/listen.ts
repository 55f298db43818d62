import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { corrupt, createFaultInjector, type SimulatedFault } from './faults.ts';
import { exactJson } from './json.ts';
import type { Reply } from './reply.ts';
import type { RecordedRequest, Service, SimulatedCall, Simulator } from './service.ts';
import type { SimulatorOptions, World } from './world.ts';

type Socketed = Pick<Simulator, 'url' | 'requests' | 'fault' | 'close'>;
type Recording = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

/** Puts a service on loopback. Everything but `GET` and previews is refused, and recorded. */
export async function listen(service: Service, world: World, options: SimulatorOptions): Promise<Socketed> {
  const faults = createFaultInjector();
  const requests: Recording[] = [];
  let inFlight = 0;
  const server = createServer((request, response) => {
    const at = world.clock.now();
    const recording = recordingOf(request, at, inFlight);
    requests.push(recording);
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    const fault = faults.strike(recording.path) ?? options.weather?.(at);
    const call = callOf(request, recording, at, fault);
    void previewOf(request, service, call)
      .then((preview) => send(response, service, { ...call, preview }, recording))
      .catch((error: unknown) => response.destroy(asError(error)));
  });
  const port = await bound(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    fault: (next, paths) => faults.arm(next, paths),
    close: () => closed(server),
  };
}

function recordingOf(request: IncomingMessage, at: number, inFlight: number): Recording {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    at,
    scheme: request.headers.authorization?.split(' ', 1)[0] ?? '',
    inFlight,
    status: 0,
  };
}

function callOf(
  request: IncomingMessage,
  { path }: Recording,
  at: number,
  fault: SimulatedFault | undefined,
): SimulatedCall {
  const now = fault?.kind === 'skew' ? at + fault.aheadMs : at;
  const query = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams;
  return { path, query, headers: request.headers, now, fault };
}

/** The parsed body of a preview; undefined for other requests, null if it is not JSON. */
async function previewOf(
  request: IncomingMessage,
  service: Service,
  { path }: SimulatedCall,
): Promise<unknown> {
  if (request.method !== 'POST' || !service.previews?.test(path)) return undefined;
  try {
    return JSON.parse(Buffer.concat(await request.toArray()).toString());
  } catch {
    return null;
  }
}

async function send(
  response: ServerResponse,
  service: Service,
  call: SimulatedCall,
  recording: Recording,
): Promise<void> {
  const { fault } = call;
  if (fault?.kind === 'reset') return void response.socket?.resetAndDestroy();
  if (fault?.kind === 'hang' && !fault.afterHeaders) return;
  if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());

  const honest = replyOf(service, call, recording.method);
  const finished = service.finish?.(honest, call) ?? honest;
  const plain = typeof finished.body === 'string' ? finished.body : exactJson(finished.body);
  const { reply, text } = corrupt(finished, plain, fault);
  recording.status = reply.status;
  if (reply.told) recording.told = reply.told;
  const bytes = Buffer.from(text);
  response.writeHead(reply.status, {
    'content-type': reply.type ?? 'application/json',
    'content-length': bytes.length,
    date: new Date(call.now).toUTCString(),
    ...reply.headers,
  });
  if (fault?.kind === 'hang') return response.flushHeaders();
  if (fault?.kind !== 'cut') return void response.end(bytes);
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy());
}

function replyOf(service: Service, call: SimulatedCall, method: string): Reply {
  if (method !== 'GET' && call.preview === undefined) {
    const refused = service.refuse(405, call);
    return { ...refused, headers: { ...refused.headers, allow: 'GET' } };
  }
  const { fault } = call;
  if (fault?.kind === 'throttle') return service.throttle(fault.waitSeconds, fault.style, call);
  if (fault?.kind !== 'status') return service.answer(call);
  const refused = service.refuse(fault.status, call);
  return { ...refused, headers: { ...refused.headers, ...fault.headers }, body: fault.body ?? refused.body };
}

export function bound(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
