import { getText } from '../net/get-text.ts';
import { exporterClient, failureOf, refusalOf } from './exporter-client.ts';
import type { CostsSource, ExporterOptions, Io } from './io.ts';

const PATH = '/api/v1/costs/series';

/**
 * Asks a running exporter.
 *
 * @throws {ConfigError} if the options cannot be used.
 */
export function urlSource(options: ExporterOptions, io: Io): CostsSource {
  const client = exporterClient(options, io);
  return async (query, format) => {
    const url = client.urlOf(PATH, new URLSearchParams([...query, ['format', format]]));
    try {
      const { status, text } = await getText(url, client.options);
      return status === 200 ? { kind: 'answered', text } : refusalOf(client, PATH, status, text);
    } catch (error) {
      if (io.signal.aborted) throw error;
      return failureOf(client, error);
    }
  };
}
