// Runs before every npm script: if install scripts are disabled, the pinned Node is missing and the machine's own runs. Written in old
// syntax on purpose, as bin/ai-billing-exporter.js is: a Node that is too old must still get as far as the message.
'use strict';

var OLDEST = 24;

if (parseInt(process.versions.node, 10) < OLDEST) {
  console.error(
    'ai-billing-exporter needs Node.js ' +
      OLDEST +
      ' or newer; this is ' +
      process.version +
      '.\n' +
      'npm ci installs one with the program unless install scripts are disabled (ignore-scripts): enable them and run npm ci again, ' +
      'or install a newer Node.js from https://nodejs.org.',
  );
  process.exit(2);
}
