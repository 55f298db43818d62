// Runs before every npm script: if install scripts are disabled, the pinned Node is missing and the system's own runs. Uses old syntax
// on purpose, as does bin/ai-billing-exporter.js, so that a Node that is too old can still print the message.
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
