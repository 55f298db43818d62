#!/usr/bin/env node
// Plain and old-fashioned on purpose: a Node that is too old must still get as far as the message.
import fs from 'node:fs';
import module from 'node:module';
import v8 from 'node:v8';

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
  // A daemon that waits most of the time: 20 MB less at rest.
  v8.setFlagsFromString('--optimize-for-size');
  // Before the program's first file, or a checkout would load Node's stripper of types for that one file, 0.1 s long.
  module.enableCompileCache();
  void import(fs.existsSync(compiled) ? compiled.href : source.href);
}
