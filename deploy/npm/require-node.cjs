// Stands before every npm script: where install scripts are off, the pinned Node is not there and the machine's own runs. Plain and
// old-fashioned on purpose, as bin/ai-billing-exporter.js: a Node that is too old must still get as far as the message.
'use strict';

var OLDEST = 24;

if (parseInt(process.versions.node, 10) < OLDEST) {
  console.error(
    'ai-billing-exporter needs Node.js ' +
      OLDEST +
      ' or newer; this is ' +
      process.version +
      '.\n' +
      'npm installs one beside the program, unless it is told to run no install scripts (ignore-scripts): allow them and run npm ci ' +
      'again, or install a newer Node.js from https://nodejs.org.',
  );
  process.exit(2);
}
