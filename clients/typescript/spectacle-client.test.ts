/** The TypeScript client, against a directory in which the test plays the daemon. */

import assert from 'node:assert/strict';
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    symlinkSync,
    unlinkSync,
    writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

import {
    InvalidRequest,
    RequestCancelled,
    RequestExists,
    RequestFailed,
    SpectacleImageGenerator,
    WaitTimeout,
    cancel,
    generate,
    submit,
    wait,
} from './spectacle-client.js';
import type { PictureRequest, Progress, Ticket } from './spectacle-client.js';

let home: string;
let spool: string;
let daemon: NodeJS.Timeout | undefined;

beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'spectacle-client-'));
    spool = mkdtempSync(join(home, 'spool-'));
});

afterEach(() => {
    clearInterval(daemon);
    rmSync(home, { recursive: true });
});

/** Publish results the way the protocol says: rename into place, then remove the request. */
function publish(stem: string, files: Record<string, string>): void {
    for (const [suffix, content] of Object.entries(files)) {
        writeFileSync(join(spool, '.new'), content);
        renameSync(join(spool, '.new'), join(spool, stem + suffix));
    }
    unlinkSync(join(spool, `${stem}.txt`));
}

/** Answer every request with the files given; returns what lay in the spool as each request was found. */
function play(files: Record<string, string>): string[][] {
    const found: string[][] = [];
    daemon = setInterval(() => {
        const names = readdirSync(spool);
        for (const name of names.filter((each) => /^[^.].*-\d+x\d+(-(?!error)[a-z0-9_]+)?\.txt$/.test(each))) {
            found.push(names.sort());
            publish(name.slice(0, -'.txt'.length), files);
        }
    }, 5);
    return found;
}

function picture(name: string): string {
    writeFileSync(join(home, name), `picture ${name}`);
    return join(home, name);
}

const text = (path: string): string => readFileSync(path, 'utf8');

test('a request holds the prompt under the name the protocol gives', async () => {
    const named = { width: 640, height: 480, kind: 'svg', user: 'alice', messageId: 'm-1' };
    const ticket = await submit(spool, { prompt: 'größer', ...named });
    assert.equal(ticket.stem, 'alice-m-1-640x480-svg');
    assert.equal(text(join(spool, 'alice-m-1-640x480-svg.txt')), 'größer\n');
    assert.deepEqual(readdirSync(spool), ['alice-m-1-640x480-svg.txt']);
});

test('message ids that are made are unique and sort by time', async () => {
    const stems: string[] = [];
    for (let count = 0; count < 50; count++) {
        stems.push((await submit(spool, { prompt: 'x', user: 'u' })).stem);
    }
    assert.equal(new Set(stems).size, 50);
    const times = stems.map((stem) => stem.split('-')[1] ?? '');
    assert.deepEqual(times, [...times].sort());
});

test('attachments and options are there, whole, before the request', async () => {
    const found = play({ '.png': 'picture' });
    const result = await generate(spool, {
        prompt: 'x',
        user: 'u',
        messageId: '1',
        inputs: [picture('a.PNG'), picture('b.jpg')],
        mask: picture('m.png'),
        control: picture('c.png'),
        options: { seed: 7 },
    });
    assert.equal(text(result.primary), 'picture');
    const stem = 'u-1-1024x1024';
    const suffixes = ['-control.png', '-input.png', '-input2.jpg', '-mask.png', '-options.json', '.txt'];
    assert.deepEqual(found, [suffixes.map((suffix) => stem + suffix)]);
    assert.equal(text(join(spool, `${stem}-input2.jpg`)), 'picture b.jpg');
    assert.deepEqual(JSON.parse(text(join(spool, `${stem}-options.json`))), { seed: 7 });
});

test('a waiting request is never overwritten', async () => {
    const request = { prompt: 'first', user: 'u', messageId: '1' };
    await submit(spool, { ...request, inputs: [picture('a.png')] });
    await assert.rejects(submit(spool, { ...request, prompt: 'second', inputs: [picture('b.png')] }), RequestExists);
    assert.equal(text(join(spool, 'u-1-1024x1024.txt')), 'first\n');
    assert.equal(text(join(spool, 'u-1-1024x1024-input.png')), 'picture a.png');
    assert.equal(readdirSync(spool).length, 2);
});

test('of many writers of one name exactly one wins', async () => {
    const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, number) => submit(spool, { prompt: `${number}`, user: 'u', messageId: '1' })),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal(readdirSync(spool).length, 1);
});

const wrong: [Partial<PictureRequest>, RegExp][] = [
    [{ width: 0 }, /invalid width 0\. Use 1 to 99999 pixels/],
    [{ height: 1.5 }, /invalid height 1\.5/],
    [{ height: 100000 }, /invalid height 100000/],
    [{ user: 'a/b' }, /invalid user 'a\/b'/],
    [{ user: 'alice-bob' }, /invalid user 'alice-bob'/],
    [{ user: 'a\n' }, /invalid user/],
    [{ messageId: 'a b' }, /invalid message ID 'a b'/],
    [{ user: '6f9619ff', messageId: '8b86-d011-b42d-00c04fc964ff-1' }, /would be read as a request of 6f9619ff-8b86/],
    [{ messageId: 'm'.repeat(200) }, /longer than 200 bytes/],
    [{ kind: 'SVG' }, /invalid kind 'SVG'/],
    [{ kind: 'error' }, /invalid kind 'error'/],
    [{ kind: 'input11' }, /invalid kind 'input11'/],
    [{ inputs: ['a.gif'] }, /input image a.gif: its name does not end in png, jpg, jpeg, webp. Rename or convert it/],
    [{ inputs: Array<string>(11).fill('a.png') }, /11 input images: the limit is 10/],
    [{ inputs: ['missing.png'] }, /image missing.png: not a readable file/],
    [{ mask: 'm.jpg' }, /mask image m.jpg: its name does not end in .png/],
    [{ options: { big: 1n } }, /options: cannot be written as JSON/],
];
for (const [part, message] of wrong) {
    test(`what cannot be a request is refused before anything is written: ${Object.keys(part)}`, async () => {
        await assert.rejects(submit(spool, { prompt: 'x', ...part }), (error) => {
            assert.ok(error instanceof InvalidRequest);
            assert.match(error.message, message);
            return true;
        });
        assert.deepEqual(readdirSync(spool), []);
    });
}

test('a failed submission leaves nothing behind', async () => {
    mkdirSync(join(home, 'directory.png'));
    const inputs = [picture('a.png'), join(home, 'directory.png')];
    await assert.rejects(submit(spool, { prompt: 'x', inputs }), { code: 'EISDIR' });
    assert.deepEqual(readdirSync(spool), []);
});

test('candidates come in order, and previews, thumbnails and the processed input last', async () => {
    const ticket = await submit(spool, { prompt: 'x', kind: 'svg', user: 'u', messageId: '1' });
    writeFileSync(join(spool, 'u-1-1024x1024.png'), 'another request of the default kind');
    publish(ticket.stem, { '.png': '', '-10.svg': '', '-2.svg': '', '.svg': '', '-2-thumbnail.png': '', '-thumbnail.png': '', '-input-processed.png': '', '-2.png': '' });
    const { primary, paths } = await wait(ticket);
    assert.equal(primary, paths[0]);
    const suffixes = paths.map((path) => path.slice(join(spool, ticket.stem).length));
    assert.deepEqual(suffixes, ['.svg', '-2.svg', '-10.svg', '.png', '-2.png', '-thumbnail.png', '-2-thumbnail.png', '-input-processed.png']);
});

test('a picture beside a waiting request is not yet the answer', async () => {
    const ticket = await submit(spool, { prompt: 'x' });
    writeFileSync(join(spool, `${ticket.stem}.png`), '');
    await assert.rejects(wait(ticket, { timeoutMs: 0 }), WaitTimeout);
    assert.ok(existsSync(join(spool, `${ticket.stem}.txt`)));
});

test('an older answer under the same name is not taken for the new one', async () => {
    const request = { prompt: 'x', user: 'u', messageId: '1' };
    publish((await submit(spool, request)).stem, { '.png': 'old' });
    const again = await submit(spool, request);
    await cancel(again);
    await assert.rejects(wait(again), RequestCancelled);
    publish((await submit(spool, request)).stem, { '.png': 'new' });
    assert.equal(text((await wait(again)).primary), 'new');
});

test('an error answer is thrown with its details', async () => {
    play({ '-error.txt': 'too large: ask for less\n\ncode: bad-size\nhost: a: b\n' });
    await assert.rejects(generate(spool, { prompt: 'x' }), (error) => {
        assert.ok(error instanceof RequestFailed);
        assert.equal(error.name, 'RequestFailed');
        assert.equal(error.message, 'too large: ask for less');
        assert.equal(error.code, 'bad-size');
        assert.deepEqual(error.details, { code: 'bad-size', host: 'a: b' });
        return true;
    });
});

test('cancelling ends the wait and takes the attachments along', async () => {
    const ticket = await submit(spool, { prompt: 'x', inputs: [picture('a.png')], options: {} });
    const waiting = assert.rejects(wait(ticket), RequestCancelled);
    assert.equal(await cancel(ticket), true);
    await waiting;
    assert.deepEqual(readdirSync(spool), []);
    assert.equal(await cancel(ticket), false);
});

test('an abort ends the wait at once and takes a generated request back', async () => {
    const reason = new Error('the user left');
    const controller = new AbortController();
    const generating = assert.rejects(generate(spool, { prompt: 'x' }, { signal: controller.signal }), reason);
    while (!readdirSync(spool).some((name) => name.endsWith('.txt') && !name.startsWith('.'))) {
        await new Promise((resolve) => setTimeout(resolve, 1));
    }
    controller.abort(reason);
    await generating;
    assert.deepEqual(readdirSync(spool), []);
    await assert.rejects(generate(spool, { prompt: 'x' }, { signal: controller.signal }), reason);
    assert.deepEqual(readdirSync(spool), []);
});

test('an abort of a wait leaves the request alone', async () => {
    const ticket = await submit(spool, { prompt: 'x' });
    await assert.rejects(wait(ticket, { signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' });
    assert.ok(existsSync(join(spool, `${ticket.stem}.txt`)));
});

test('progress is reported when it changes, and never read through a link', async () => {
    const ticket = await submit(spool, { prompt: 'x', options: { progress: true } });
    const file = join(spool, `${ticket.stem}-progress.json`);
    const seen: Progress[] = [];
    writeFileSync(join(home, 'secret'), '{"state": "secret"}');
    symlinkSync(join(home, 'secret'), file);
    await assert.rejects(wait(ticket, { timeoutMs: 0, onProgress: (progress) => seen.push(progress) }), WaitTimeout);
    assert.equal(seen.length, 0);
    unlinkSync(file);
    writeFileSync(file, '{"state": "loading", "fraction": 0}');
    await wait(ticket, {
        onProgress: (progress) => {
            seen.push(progress);
            if (seen.length === 1) {
                writeFileSync(file, '{"state": "running", "step": 4, "steps": 8}');
            } else {
                publish(ticket.stem, { '.png': '' });
            }
        },
    });
    assert.deepEqual(seen, [
        { state: 'loading', fraction: 0 },
        { state: 'running', step: 4, steps: 8 },
    ]);
});

test('an attachment is never written through a link that lies in wait', async () => {
    writeFileSync(join(home, 'victim'), 'mine');
    writeFileSync(join(home, 'a.png'), 'picture');
    symlinkSync(join(home, 'victim'), join(spool, '.u-1-64x64-input.png.tmp'));
    const request = { prompt: 'x', user: 'u', messageId: '1', width: 64, height: 64, inputs: [join(home, 'a.png')] };
    await submit(spool, request);
    assert.equal(readFileSync(join(home, 'victim'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(spool, 'u-1-64x64-input.png'), 'utf8'), 'picture');
});

test('a ticket is nothing but a spool and a stem', async () => {
    const ticket: Ticket = { spool, stem: 'u-1-64x64' };
    writeFileSync(join(spool, 'u-1-64x64.png'), '');
    assert.equal((await wait(ticket)).primary, join(spool, 'u-1-64x64.png'));
});

test('a chatbot gets a picture or an error, never an exception', async () => {
    play({ '.png': 'picture' });
    const generator = new SpectacleImageGenerator(spool, { timeoutMs: 10_000 });
    const made = await generator.generateImageFromPrompt('+15551234567', '1731024000123', 'a red fox', 64, 48);
    assert.deepEqual(made, { status: 'success', imagePath: join(spool, '+15551234567-1731024000123-64x48.png') });
    const uuid = '6f9619ff-8b86-d011-b42d-00c04fc964ff';
    const named = await generator.generateImageFromPrompt(uuid, uuid, 'x', 64, 48);
    assert.deepEqual(named, { status: 'success', imagePath: join(spool, `${uuid}-${uuid}-64x48.png`) });
    const odd = await generator.generateImageFromPrompt('xyz8fGRP/ab+9z==', '../x y', 'x', 64, 48);
    assert.deepEqual(odd, { status: 'success', imagePath: join(spool, 'xyz8fGRP_ab+9z==-_._x_y-64x48.png') });
    const none = await generator.generateImageFromPrompt('u', '1', 'x', 0, 48);
    assert.equal(none.status, 'error');
    const lost = new SpectacleImageGenerator(join(home, 'nowhere'));
    assert.equal((await lost.generateImageFromPrompt('u', '1', 'x', 64, 48)).status, 'error');
});

test('who waits is told that the kind is paused, and why', async () => {
    const ticket = await submit(spool, { prompt: 'a fox', user: 'a', messageId: '1', width: 8, height: 8, kind: 'svg' });
    const instances = join(spool, '.spectacle', 'instances');
    mkdirSync(instances, { recursive: true });
    writeFileSync(join(instances, 'none.json'), '[');
    const pauses = [{ kind: 'card', told: 'another' }, { kind: 'svg', told: 'kind svg is paused by eve: new\nGPU' }];
    writeFileSync(join(instances, 'one.json'), JSON.stringify({ default_kind: 'card', pauses }));
    const seen: Progress[] = [];
    const waiting = wait(ticket, { timeoutMs: 50, onProgress: (progress) => seen.push(progress) });
    await assert.rejects(waiting, { name: 'WaitTimeout', message: /because kind svg is paused by eve: new GPU/ });
    assert.deepEqual(seen, [{ state: 'waiting', note: 'kind svg is paused by eve: new GPU' }]);
});

test('the account has its name where its number must not be asked for', async (context) => {
    const { stem } = await submit(spool, { prompt: 'x' });
    context.mock.method(process as { getuid: () => number }, 'getuid', () => {
        throw new Error('NotCapable: Requires sys access to "uid"');
    });
    const denied = await submit(spool, { prompt: 'x' });
    assert.equal(denied.stem.split('-')[0], stem.split('-')[0]);
});
