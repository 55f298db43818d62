import { isDeepStrictEqual } from 'node:util';
import type { Config, OpenTelemetry, Receiver } from '../config/config.ts';

/** What a running process cannot change, with the part of the configuration that says it. */
const FIXED: Readonly<Record<string, (config: Config) => unknown>> = {
  server: ({ server }) => server,
  'state.path': ({ state }) => state.path,
  opentelemetry: ({ openTelemetry }) => told(openTelemetry),
};

/** Says of each thing that differs and cannot change in a running process that it waits for a restart. */
export function waitingForRestart(started: Config, next: Config): string[] {
  return Object.entries(FIXED).flatMap(([key, part]) =>
    isDeepStrictEqual(part(started), part(next))
      ? []
      : `${key} has changed and waits for a restart: it stays as it was at the start`,
  );
}

/** With what functions and hidden properties keep from being printed. */
function told({ receivers, traces, ...rest }: OpenTelemetry) {
  return {
    ...rest,
    receivers: receivers.map(plain),
    traces: traces && { ...traces, receiver: plain(traces.receiver) },
  };
}

function plain({ headers, tls: { ca, cert, key }, ...receiver }: Receiver) {
  return { ...receiver, headers: headers(), tls: { ca, cert, key } };
}
