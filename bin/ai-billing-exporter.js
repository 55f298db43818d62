#!/usr/bin/env node
// Plain and old-fashioned on purpose: a Node that is too old must still get as far as the message.
import fs from 'node:fs';

var OLDEST = 24;
var compiled = new URL('../dist/main.js', import.meta.url);
var source = new URL('../src/main.ts', import.meta.url);

if (parseInt(process.versions.node, 10) < OLDEST) {
  console.error(
    'ai-billing-exporter needs Node.js ' +
      OLDEST +
      ' or newer; this is ' +
      process.version +
      '.\n' +
      'Install a newer one from https://nodejs.org, or use the container image, which brings its own.',
  );
  process.exitCode = 2;
} else {
  void import(fs.existsSync(compiled) ? compiled.href : source.href);
}
