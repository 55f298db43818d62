import { configurationSchema } from '../config/json-schema.ts';
import type { Provider } from '../providers/api/provider.ts';
import { EXIT, type Io } from './io.ts';

/** Prints the JSON Schema of the configuration, for editors and pipelines. */
export async function configSchema(
  _options: object,
  io: Io,
  registry: readonly Provider<unknown>[],
): Promise<number> {
  io.stdout.write(`${JSON.stringify(configurationSchema(registry), undefined, 2)}\n`);
  return EXIT.good;
}
