/**
 * Ask a Spectacle daemon for pictures through its spool directory.
 *
 * One file without dependencies, for Node 20 and later: copy it into your program.
 *
 *     const { primary } = await generate('/srv/spectacle/spool', { prompt: 'a red fox', width: 640, height: 480 });
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, open, readFile, readdir, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { extname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** What to generate. */
export interface PictureRequest {
    /** May be empty for kinds that need no prompt. */
    prompt: string;
    /** Pixels, 1 to 99999 (1024); the daemon may allow less. */
    width?: number;
    /** Pixels, likewise. */
    height?: number;
    /** Kind of picture; the daemon's default when absent. */
    kind?: string;
    /** Whom it is for: a UUID, or letters, digits and _ . + = @ ~ (the account). Users are served fairly. */
    user?: string;
    /** Such words joined by dashes; a unique one is made when absent. */
    messageId?: string;
    /** Up to ten picture files, png, jpg, jpeg or webp. */
    inputs?: readonly string[];
    /** Inpainting mask, a png file. */
    mask?: string;
    /** Control picture, a png file. */
    control?: string;
    /** Settings for this request; `{ progress: true }` makes `onProgress` work. */
    options?: Readonly<Record<string, unknown>>;
}

/** A request in the spool. */
export interface Ticket {
    readonly spool: string;
    /** Name of the request without `.txt`. */
    readonly stem: string;
    /** Versions of files that answered an earlier request of that name. */
    readonly older?: ReadonlyMap<string, string>;
}

/** Files that answer a request. */
export interface Result {
    /** The picture asked for: `STEM.svg` where there is one, else `STEM.png`. */
    readonly primary: string;
    /** All pictures: the primary one, further candidates in order, then previews. */
    readonly paths: readonly string[];
}

/** What the daemon says of a running request. */
export interface Progress {
    readonly state: string;
    /** Part done, 0 to 1. */
    readonly fraction?: number | null;
    readonly step?: number | null;
    readonly steps?: number | null;
    /** Seconds left, as estimated. */
    readonly eta_s?: number | null;
    /** What else is worth knowing, in a few words of the generator. */
    readonly note?: string | null;
    readonly generator?: string | null;
    readonly host?: string | null;
}

export interface WaitOptions {
    /** Milliseconds to wait at most; for ever when absent. */
    timeoutMs?: number;
    /** Ends the wait; its reason is thrown. */
    signal?: AbortSignal;
    /** Called whenever the progress changes, if the request was submitted with the option `progress: true`. */
    onProgress?: (progress: Progress) => void;
}

/** Base of the errors below; `code` is the word to compare. */
export class SpectacleError extends Error {
    readonly code: string;

    constructor(message: string, code: string) {
        super(message);
        this.name = new.target.name;
        this.code = code;
    }
}

/** The request cannot be written as it is; nothing was. */
export class InvalidRequest extends SpectacleError {
    constructor(message: string) {
        super(message, 'invalid-request');
    }
}

/** A request of the same name waits, runs or is just being written; it is unharmed. */
export class RequestExists extends SpectacleError {
    constructor(message: string) {
        super(message, 'request-exists');
    }
}

/** The daemon answered with an error. `details` are the `key: value` lines of `STEM-error.txt`. */
export class RequestFailed extends SpectacleError {
    readonly details: Readonly<Record<string, string>>;

    constructor(message: string, details: Readonly<Record<string, string>>) {
        super(message, details['code'] ?? 'request-failed');
        this.details = details;
    }
}

/** The request is gone and nothing answers it. */
export class RequestCancelled extends SpectacleError {
    constructor(message: string) {
        super(message, 'request-cancelled');
    }
}

/** The time is up. */
export class WaitTimeout extends SpectacleError {
    constructor(message: string) {
        super(message, 'wait-timeout');
    }
}

const INPUT_EXTENSIONS = ['png', 'jpg', 'jpeg', 'webp'];
const MAX_INPUTS = 10;
const MAX_NAME_BYTES = 200;
const WORD = '[A-Za-z0-9_+=@~][A-Za-z0-9_.+=@~]*';
const UUID = '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}';
const USER = new RegExp(`^(?:${UUID}|${WORD})$`);
const MESSAGE_ID = new RegExp(`^${WORD}(?:-${WORD})*$`);
const KIND = /^(?!(?:error|mask|control|options|progress|input(?:[2-9]|10)?)$)[a-z][a-z0-9_]*$/;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;
const PAUSE_GROWTH = 1.3;
/** Of one core at most, so that many waiting clients and a full directory go together. */
const LISTING_SHARE = 0.1;
const MOST_READ = 64 * 1024;

/**
 * Write a request into the spool.
 *
 * Attachments and options are complete on disk before the request appears, and it appears whole, by a rename.
 * A request that still waits or runs is never overwritten: the hidden file that becomes the request is created
 * exclusively, and the directory is looked at while it is held.
 *
 * @throws InvalidRequest, RequestExists, or the file system's error; what had been written is removed.
 */
export async function submit(spool: string, request: PictureRequest): Promise<Ticket> {
    const stem = stemOf(request);
    const pictures = await picturesOf(stem, request);
    const options = request.options === undefined ? undefined : asJson(request.options);
    const draft = join(spool, `.${stem}.txt.tmp`);
    let file: FileHandle;
    try {
        file = await open(draft, 'wx');
    } catch (error) {
        if (hasCode(error, 'EEXIST')) {
            throw new RequestExists(`${stem}.txt is being written by somebody else: choose another message id`);
        }
        throw error;
    }
    const written = [draft];
    try {
        const names = await list(spool, stem);
        if (names.has(`${stem}.txt`)) {
            throw new RequestExists(`${stem}.txt waits or runs already: cancel it, or choose another message id`);
        }
        const older = new Map<string, string>();
        for (const name of names) {
            if (name === `${stem}-error.txt` || pictureOf(stem, name)) {
                older.set(name, await version(join(spool, name)));
            }
        }
        await removeAttachments(spool, stem, names);
        for (const [name, source] of pictures) {
            await put(spool, name, await readFile(source), written);
        }
        if (options !== undefined) {
            await put(spool, `${stem}-options.json`, options, written);
        }
        await file.writeFile(`${request.prompt}\n`); // never empty: an empty file is one whose writer has not got far
        await file.sync();
        await file.close();
        await rename(draft, join(spool, `${stem}.txt`));
        return { spool, stem, older };
    } catch (error) {
        await file.close().catch(() => undefined);
        for (const path of written) {
            await unlink(path).catch(() => undefined);
        }
        throw error;
    }
}

/**
 * Wait until a request is answered. Ending the wait leaves the request alone; `cancel` takes it back.
 *
 * @throws RequestFailed, RequestCancelled, WaitTimeout, the signal's reason, or the file system's error.
 */
export async function wait(ticket: Ticket, { timeoutMs, signal, onProgress }: WaitOptions = {}): Promise<Result> {
    const { spool, stem } = ticket;
    const start = performance.now();
    let pause = FIRST_PAUSE_MS;
    let lastProgress = '';
    for (;;) {
        signal?.throwIfAborted();
        const before = performance.now();
        // The directory is listed: on NFS a name that was looked up and missing stays missing for up to half a minute.
        let names = await list(spool, stem);
        if (!names.has(`${stem}.txt`)) {
            // The answer was in place before the request went away, but one listing may have passed the place of the
            // answer before that, and the place of the request after it. A second listing sees the answer.
            names = await list(spool, stem);
        }
        const looked = performance.now() - before;
        if (!names.has(`${stem}.txt`)) {
            return answer(ticket, names);
        }
        if (onProgress && names.has(`${stem}-progress.json`)) {
            const text = await read(join(spool, `${stem}-progress.json`)).catch(() => '');
            const progress = text === lastProgress ? undefined : parseProgress(text);
            if (progress) {
                lastProgress = text;
                onProgress(progress);
            }
        }
        const left = timeoutMs === undefined ? Infinity : start + timeoutMs - performance.now();
        if (left <= 0) {
            throw new WaitTimeout(`${stem} was not answered within ${timeoutMs} ms`);
        }
        try {
            await sleep(Math.min(Math.max(pause, looked / LISTING_SHARE), left), undefined, signal ? { signal } : {});
        } catch (error) {
            signal?.throwIfAborted();
            throw error;
        }
        pause = Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE_MS);
    }
}

/**
 * Delete a request and what is attached to it; work on it stops at its next step.
 *
 * @returns whether it was still there. An answer that was just being published may appear all the same.
 */
export async function cancel(ticket: Ticket): Promise<boolean> {
    const { spool, stem } = ticket;
    try {
        await unlink(join(spool, `${stem}.txt`));
    } catch (error) {
        if (hasCode(error, 'ENOENT')) {
            return false;
        }
        throw error;
    }
    await removeAttachments(spool, stem, await list(spool, stem));
    return true;
}

/** Submit a request and wait for its answer. When the wait ends without one, the request is taken back. */
export async function generate(spool: string, request: PictureRequest, options: WaitOptions = {}): Promise<Result> {
    options.signal?.throwIfAborted();
    const ticket = await submit(spool, request);
    try {
        return await wait(ticket, options);
    } catch (error) {
        await cancel(ticket).catch(() => false);
        throw error;
    }
}

export type ImageResult = { status: 'success'; imagePath: string } | { status: 'error'; message: string };

/** What a chatbot asks of anything that makes pictures. */
export abstract class ImageGenerator {
    abstract generateImageFromPrompt(
        senderUuid: string,
        messageId: string,
        promptString: string,
        imageWidthInPixels: number,
        imageHeightInPixels: number,
    ): Promise<ImageResult>;
}

export interface SpectacleImageGeneratorOptions extends WaitOptions {
    kind?: string;
    options?: Readonly<Record<string, unknown>>;
}

/** Makes a chatbot's pictures through a spool. Never rejects: whatever goes wrong is an error result. */
export class SpectacleImageGenerator extends ImageGenerator {
    readonly #spool: string;
    readonly #options: SpectacleImageGeneratorOptions;

    constructor(spool: string, options: SpectacleImageGeneratorOptions = {}) {
        super();
        this.#spool = spool;
        this.#options = options;
    }

    /** Characters of the ids that cannot be in a file name become underscores. */
    override async generateImageFromPrompt(
        senderUuid: string,
        messageId: string,
        promptString: string,
        imageWidthInPixels: number,
        imageHeightInPixels: number,
    ): Promise<ImageResult> {
        const { kind, options, ...waitOptions } = this.#options;
        try {
            const result = await generate(
                this.#spool,
                {
                    prompt: promptString,
                    width: imageWidthInPixels,
                    height: imageHeightInPixels,
                    user: USER.test(senderUuid) ? senderUuid : asWord(senderUuid),
                    messageId: MESSAGE_ID.test(messageId) ? messageId : asWord(messageId),
                    ...(kind === undefined ? {} : { kind }),
                    ...(options === undefined ? {} : { options }),
                },
                waitOptions,
            );
            return { status: 'success', imagePath: result.primary };
        } catch (error) {
            return { status: 'error', message: error instanceof Error ? error.message : String(error) };
        }
    }
}

function stemOf(request: PictureRequest): string {
    const { width = 1024, height = 1024, kind, user = account(), messageId = newMessageId() } = request;
    for (const [side, pixels] of [['width', width], ['height', height]] as const) {
        if (!Number.isInteger(pixels) || pixels < 1 || pixels > 99999) {
            throw new InvalidRequest(`${side} ${pixels} is not a valid size: give 1 to 99999 pixels`);
        }
    }
    const word = 'letters, digits and _ . + = @ ~, not beginning with a dot';
    if (!USER.test(user)) {
        throw new InvalidRequest(`user '${user}' cannot be in a file name: give a UUID, or ${word}`);
    }
    if (!MESSAGE_ID.test(messageId)) {
        throw new InvalidRequest(`message id '${messageId}' cannot be in a file name: give ${word}; dashes join words`);
    }
    if (kind !== undefined && !KIND.test(kind)) {
        throw new InvalidRequest(`kind '${kind}' is not valid: give lower-case letters, digits and _, a letter first`);
    }
    const stem = `${user}-${messageId}-${width}x${height}${kind === undefined ? '' : `-${kind}`}`;
    const uuid = new RegExp(`^${UUID}-`).exec(stem);
    if (uuid && !user.includes('-')) {
        throw new InvalidRequest(`${stem}.txt would be taken for a request of ${uuid[0].slice(0, -1)}: choose another message id`);
    }
    if (stem.length + '.txt'.length > MAX_NAME_BYTES) {
        throw new InvalidRequest(`${stem}.txt is longer than ${MAX_NAME_BYTES} bytes: shorten the user or the message id`);
    }
    return stem;
}

/** Unique, and in the order of time: UTC with milliseconds, then 48 random bits. */
function newMessageId(): string {
    return `${new Date().toISOString().replace(/[-:Z]/g, '')}-${randomBytes(6).toString('hex')}`;
}

function account(): string {
    try {
        return asWord(userInfo().username);
    } catch {
        return `uid${process.getuid?.() ?? 0}`; // a container's user without an entry
    }
}

function asJson(options: Readonly<Record<string, unknown>>): string {
    try {
        return JSON.stringify(options);
    } catch (error) {
        throw new InvalidRequest(`options cannot be written as JSON: ${error instanceof Error ? error.message : error}`);
    }
}

function asWord(text: string): string {
    return text.replace(/[^A-Za-z0-9_.+=@~]/g, '_').replace(/^\./, '_');
}

/** Names in the spool and the files their content comes from. */
async function picturesOf(stem: string, { inputs = [], mask, control }: PictureRequest): Promise<Map<string, string>> {
    if (inputs.length > MAX_INPUTS) {
        throw new InvalidRequest(`${inputs.length} input pictures are too many: give at most ${MAX_INPUTS}`);
    }
    const pictures = new Map<string, string>();
    inputs.forEach((source, index) => {
        const extension = extname(source).slice(1).toLowerCase();
        if (!INPUT_EXTENSIONS.includes(extension)) {
            throw new InvalidRequest(`input picture ${source} is not one of ${INPUT_EXTENSIONS.join(', ')}: convert it`);
        }
        pictures.set(`${stem}-input${index === 0 ? '' : index + 1}.${extension}`, source);
    });
    for (const [role, source] of [['mask', mask], ['control', control]] as const) {
        if (source !== undefined) {
            if (extname(source).toLowerCase() !== '.png') {
                throw new InvalidRequest(`${role} picture ${source} is not a PNG file: convert it`);
            }
            pictures.set(`${stem}-${role}.png`, source);
        }
    }
    for (const source of pictures.values()) {
        await access(source, constants.R_OK).catch(() => {
            throw new InvalidRequest(`picture ${source} is not a file that can be read`);
        });
    }
    return pictures;
}

async function put(spool: string, name: string, content: string | Uint8Array, written: string[]): Promise<void> {
    const draft = join(spool, `.${name}.tmp`);
    written.push(draft, join(spool, name));
    // Whatever lies there was left by a client that died, or is a link that somebody wants written through.
    await unlink(draft).catch(() => undefined);
    const file = await open(draft, 'wx');
    try {
        await file.writeFile(content);
        await file.sync(); // a full network disk is reported only here
    } finally {
        await file.close();
    }
    await rename(draft, join(spool, name));
}

async function removeAttachments(spool: string, stem: string, names: ReadonlySet<string>): Promise<void> {
    for (const name of names) {
        if (/^-(?:input(?:[2-9]|10)?\.(?:png|jpe?g|webp)|mask\.png|control\.png|options\.json)$/.test(name.slice(stem.length))) {
            await unlink(join(spool, name)).catch(() => undefined);
        }
    }
}

async function list(spool: string, stem: string): Promise<Set<string>> {
    return new Set((await readdir(spool)).filter((name) => name.startsWith(stem)));
}

/** Inode and time of a file, as one string; a file that has just gone has none. */
async function version(path: string): Promise<string> {
    try {
        const { ino, mtimeNs } = await lstat(path, { bigint: true });
        return `${ino} ${mtimeNs}`;
    } catch (error) {
        if (hasCode(error, 'ENOENT')) {
            return '';
        }
        throw error;
    }
}

/** Number and extension of a result of this stem. */
function pictureOf(stem: string, name: string): { number: number; extension: string } | undefined {
    const match = /^(?:-([1-9][0-9]*))?\.(svg|png)$/.exec(name.slice(stem.length));
    return match?.[2] ? { number: Number(match[1] ?? 1), extension: match[2] } : undefined;
}

async function answer({ spool, stem, older = new Map() }: Ticket, names: ReadonlySet<string>): Promise<Result> {
    const fresh = new Set<string>();
    for (const name of names) {
        if (!older.has(name) || older.get(name) !== (await version(join(spool, name)))) {
            fresh.add(name);
        }
    }
    const best = ['svg', 'png'].find((extension) => fresh.has(`${stem}.${extension}`));
    if (best !== undefined) {
        const pictures = [...fresh].flatMap((name) => {
            const picture = pictureOf(stem, name);
            return picture ? [{ path: join(spool, name), ...picture }] : [];
        });
        pictures.sort((a, b) => Number(a.extension !== best) - Number(b.extension !== best) || a.number - b.number);
        return { primary: join(spool, `${stem}.${best}`), paths: pictures.map(({ path }) => path) };
    }
    if (fresh.has(`${stem}-error.txt`)) {
        throw failure(await read(join(spool, `${stem}-error.txt`)));
    }
    throw new RequestCancelled(`${stem} is gone without an answer: it was cancelled, or its answer has been removed`);
}

function failure(text: string): RequestFailed {
    const [message = '', ...rest] = text.split('\n');
    const details: Record<string, string> = {};
    for (const line of rest) {
        const colon = line.indexOf(': ');
        if (colon > 0) {
            details[line.slice(0, colon)] = line.slice(colon + 2);
        }
    }
    return new RequestFailed(message.trim(), details);
}

function parseProgress(text: string): Progress | undefined {
    try {
        const found: unknown = JSON.parse(text);
        return typeof found === 'object' && found !== null && 'state' in found && typeof found.state === 'string'
            ? (found as Progress)
            : undefined;
    } catch {
        return undefined;
    }
}

/** The beginning of a small text file, which is never followed if it is a link. */
async function read(path: string): Promise<string> {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_READ), 0, MOST_READ, 0);
        return buffer.toString('utf8', 0, bytesRead);
    } finally {
        await file.close();
    }
}

function hasCode(error: unknown, code: string): boolean {
    return error instanceof Error && 'code' in error && error.code === code;
}
