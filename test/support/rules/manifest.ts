import { z } from 'zod';
import type { Sources } from './source-text.ts';

/** What the rules read of `package.json`. */
const Manifest = z.object({
  version: z.string().default(''),
  files: z.array(z.string()).default([]),
  allowScripts: z.record(z.string(), z.boolean()).default({}),
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

/** `package.json` of a repository; an empty one if it is missing. */
export function manifestOf(sources: Sources): z.infer<typeof Manifest> {
  return Manifest.parse(JSON.parse(sources.get('package.json') ?? '{}'));
}

/** The text of a `package.json`. */
export function manifest(content: z.input<typeof Manifest>): string {
  return JSON.stringify(content);
}
