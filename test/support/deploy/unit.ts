import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exporter/child.ts';

/** The folder of the unit. */
export const SYSTEMD = join(import.meta.dirname, '../../../deploy/systemd');
export const UNIT = join(SYSTEMD, 'ai-billing-exporter.service');

/** The values of each setting of the unit, in order; a setting may repeat. */
export async function settingsOf(unit: string): Promise<ReadonlyMap<string, string[]>> {
  const settings = new Map<string, string[]>();
  for (const [, name = '', value = ''] of (await readFile(unit, 'utf8')).matchAll(/^(\w+)=(.*)$/gm))
    settings.set(name, [...(settings.get(name) ?? []), value]);
  return settings;
}

/** The system calls that `SystemCallFilter=` lines allow, by the groups of this machine's systemd. */
export async function callsAllowedBy(analyze: string, filters: readonly string[]): Promise<Set<string>> {
  const allowed = new Set<string>();
  for (const filter of filters) {
    const isTaken = filter.startsWith('~');
    for (const name of filter.replace('~', '').split(' '))
      for (const call of await callsIn(analyze, name)) isTaken ? allowed.delete(call) : allowed.add(call);
  }
  return allowed;
}

async function callsIn(analyze: string, name: string): Promise<string[]> {
  if (!name.startsWith('@')) return [name];
  const { code, output } = await run(analyze, ['syscall-filter', '--no-pager', name]);
  if (code !== 0) throw new Error(output);
  const members = Array.from(output.matchAll(/^ {4}([@\w-]+)$/gm), ([, member = '']) => member);
  return (await Promise.all(members.map((member) => callsIn(analyze, member)))).flat();
}
