#!/usr/bin/env node
'use strict';
// What the Pulumi CLI starts for `--policy-pack`. The policy library reads the pack's version from the package.json
// of the current folder.
process.chdir(__dirname);
// The CLI holds the other end of stdin. When it is gone, killed included, nobody is left to serve.
process.stdin.on('close', () => process.exit()).resume();
require('./dist/pack.js').servePack();
