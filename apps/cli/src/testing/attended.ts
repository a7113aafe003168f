// Loaded before the command line: as if somebody sat at a terminal and had sent both outputs to files.
process.stdin.isTTY = true;
