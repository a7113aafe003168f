import { writtenOpenapi } from './written-openapi.js';

// `npm run openapi` sends it to the golden copy, from which the client is generated.
process.stdout.write(await writtenOpenapi());
