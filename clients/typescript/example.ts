/**
 * Request one image, and print the path of the result.
 *
 * Run it beside spectacle-client.ts: tsx, Node from 22.18 on, Deno and Bun run it as it is. Deno needs the permissions
 * --allow-read=SPOOL --allow-write=SPOOL --allow-sys.
 *
 *     npx tsx example.ts ./spool a red fox in the snow
 */

import { generate } from './spectacle-client.ts';

const [spool, ...words] = process.argv.slice(2);
if (spool === undefined || words.length === 0) {
    console.error('Usage: example.ts SPOOL PROMPT...');
    process.exit(2);
}
// Whoever is ended while waiting takes the request back.
const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => ending.abort(new Error(`${name}: the request was cancelled`)));
}
generate(spool, { prompt: words.join(' '), width: 640, height: 480 }, { signal: ending.signal }).then(
    ({ primary }) => console.log(primary),
    (error: Error) => {
        console.error(error.message);
        process.exit(1);
    },
);
