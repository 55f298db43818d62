import type { Provider } from '../../../src/providers/api/provider.ts';
import { PROVIDERS } from '../../../src/providers/index.ts';

/** The provider of an id, if there is one. */
export function providerById(id: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.id === id);
}
