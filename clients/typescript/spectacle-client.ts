/**
 * Request images from a Spectacle daemon through its spool directory.
 *
 * One file without dependencies, for Node 20 and later: copy it into your program.
 *
 * Import it as './spectacle-client' under CommonJS, as './spectacle-client.js' from ES modules that are compiled or run by
 * tsx, and as './spectacle-client.ts' where Node, Deno or Bun run the source itself. Deno needs the permissions
 * --allow-read=SPOOL --allow-write=SPOOL --allow-sys.
 *
 *     const { primary } = await generate('/srv/spectacle/spool', { prompt: 'a red fox', width: 640, height: 480 });
 */

import { randomBytes } from 'node:crypto';
import { constants, readFileSync } from 'node:fs';
import { access, lstat, open, readFile, readdir, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { extname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request for an image. */
export interface PictureRequest {
    /** May be empty for kinds that need no prompt. */
    prompt: string;
    /** Width in pixels, 1 to 99999; the daemon may allow less. Default: 1024. */
    width?: number;
    /** Height in pixels, likewise. */
    height?: number;
    /** Kind of the request. Default: that of the daemon. */
    kind?: string;
    /** User that the request is for: a UUID, or letters, digits and _ . + = @ ~. Users take turns. Default: the account. */
    user?: string;
    /** One or more words of these characters, joined by dashes. Default: a unique ID. */
    messageId?: string;
    /** Up to ten input images, png, jpg, jpeg or webp files. */
    inputs?: readonly string[];
    /** Mask for inpainting, a png file. */
    mask?: string;
    /** Control image, a png file. */
    control?: string;
    /** Options of the generator; `{ progress: true }` makes `onProgress` work. */
    options?: Readonly<Record<string, unknown>>;
}

/** A request in the spool. */
export interface Ticket {
    readonly spool: string;
    /** Name of the request without `.txt`. */
    readonly stem: string;
    /** Versions of result files of an earlier request of that name. */
    readonly older?: ReadonlyMap<string, string>;
}

/** The result of a request. */
export interface Result {
    /** The requested file: `STEM.svg` where there is one, else the image, `STEM.png` by default. */
    readonly primary: string;
    /** All files: the primary one, further candidates in order, then previews, thumbnails and the processed input. */
    readonly paths: readonly string[];
}

/** Progress of a request. */
export interface Progress {
    /** `waiting`, `loading` or `running`. */
    readonly state: string;
    /** Fraction done, 0 to 1. */
    readonly fraction?: number | null;
    readonly step?: number | null;
    readonly steps?: number | null;
    /** Seconds left, as estimated. */
    readonly eta_s?: number | null;
    /** Number of requests that are expected to begin before it; only while it waits. */
    readonly ahead?: number | null;
    /** Why it waits, or a short remark of the generator. */
    readonly note?: string | null;
    readonly generator?: string | null;
    readonly host?: string | null;
}

export interface WaitOptions {
    /** Maximum time to wait in milliseconds. Default: no limit. */
    timeoutMs?: number;
    /** Ends the wait; its reason is thrown. */
    signal?: AbortSignal;
    /**
     * Called whenever the progress changes, if the request was submitted with the option `progress: true`; and, however
     * it was submitted, when it waits because an operator has paused the spool or its kind.
     */
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

/** The request is invalid; nothing was written. */
export class InvalidRequest extends SpectacleError {
    constructor(message: string) {
        super(message, 'invalid-request');
    }
}

/** A request of the same name is waiting, running or being written; it was not changed. */
export class RequestExists extends SpectacleError {
    constructor(message: string) {
        super(message, 'request-exists');
    }
}

/** The daemon responded with an error. `details` are the `key: value` lines of `STEM-error.txt`. */
export class RequestFailed extends SpectacleError {
    readonly details: Readonly<Record<string, string>>;

    constructor(message: string, details: Readonly<Record<string, string>>) {
        super(message, details['code'] ?? 'request-failed');
        this.details = details;
    }
}

/** The request is gone and there is no result. */
export class RequestCancelled extends SpectacleError {
    constructor(message: string) {
        super(message, 'request-cancelled');
    }
}

/** The time to wait is up; the request stays. */
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
const KIND = /^(?!(?:error|mask|control|options|progress|thumbnail|input(?:[2-9]|1[01])?)$)[a-z][a-z0-9_]*$/;

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;
const PAUSE_GROWTH = 1.3;
/** Of one core at most, so that many waiting clients and a full directory go together. */
const LISTING_SHARE = 0.1;
const MOST_READ = 64 * 1024;
const PAUSE_INTERVAL_MS = 1000;
const MOST_REPORTS = 100;
const MOST_REPORT_READ = 256 * 1024;

/**
 * Write a request into the spool.
 *
 * Attachments and options are complete on disk before the request appears, and it appears whole, by a rename.
 * A request that still waits or runs is never overwritten: the hidden file that becomes the request is created
 * exclusively, and the directory is listed while it is held.
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
            throw new RequestExists(`${stem}.txt: another client is writing it. Use another message ID.`);
        }
        throw error;
    }
    const written = [draft];
    try {
        const names = await list(spool, stem);
        if (names.has(`${stem}.txt`)) {
            throw new RequestExists(`${stem}.txt: waiting or running already. Cancel it, or use another message ID.`);
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
        await shareWithGroup(spool, file);
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
 * Wait until there is a result. Ending the wait does not change the request; use `cancel` to cancel it.
 *
 * @throws RequestFailed, RequestCancelled, WaitTimeout, the signal's reason, or the file system's error.
 */
export async function wait(ticket: Ticket, { timeoutMs, signal, onProgress }: WaitOptions = {}): Promise<Result> {
    const { spool, stem } = ticket;
    const start = performance.now();
    let pause = FIRST_PAUSE_MS;
    let lastProgress = '';
    let lastPause: string | undefined;
    let pauseRead = -Infinity;
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
        if (onProgress && !lastProgress && performance.now() - pauseRead >= PAUSE_INTERVAL_MS) {
            pauseRead = performance.now();
            const note = await pauseOf(ticket);
            if (note !== undefined && note !== lastPause) {
                onProgress({ state: 'waiting', note });
            }
            lastPause = note;
        }
        const left = timeoutMs === undefined ? Infinity : start + timeoutMs - performance.now();
        if (left <= 0) {
            const reason = timeoutMs ? await pauseOf(ticket) : undefined;
            throw new WaitTimeout(`${stem}: no result within ${timeoutMs} ms${reason === undefined ? '' : `, because ${reason}`}. Wait again or cancel it.`);
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
 * @returns whether it was still there. A result that was just being published may still appear.
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

/** Submit a request and wait for its result. If the wait ends without one, the request is cancelled. */
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

/** Interface of a chatbot to anything that makes images. */
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

/** Makes images for a chatbot through a spool. Never rejects: every failure is an error result. */
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
            throw new InvalidRequest(`invalid ${side} ${pixels}. Use 1 to 99999 pixels.`);
        }
    }
    const word = 'letters, digits and _ . + = @ ~, not beginning with a dot';
    if (!USER.test(user)) {
        throw new InvalidRequest(`invalid user '${user}'. Use a UUID, or ${word}.`);
    }
    if (!MESSAGE_ID.test(messageId)) {
        throw new InvalidRequest(`invalid message ID '${messageId}'. Use ${word}; dashes join words.`);
    }
    if (kind !== undefined && !KIND.test(kind)) {
        throw new InvalidRequest(`invalid kind '${kind}'. Use lower-case letters, digits and _, beginning with a letter, and no name of attachments such as mask.`);
    }
    const stem = `${user}-${messageId}-${width}x${height}${kind === undefined ? '' : `-${kind}`}`;
    const uuid = new RegExp(`^${UUID}-`).exec(stem);
    if (uuid && !user.includes('-')) {
        throw new InvalidRequest(`${stem}.txt: would be read as a request of ${uuid[0].slice(0, -1)}. Use another message ID.`);
    }
    if (stem.length + '.txt'.length > MAX_NAME_BYTES) {
        throw new InvalidRequest(`${stem}.txt: longer than ${MAX_NAME_BYTES} bytes. Shorten the user or the message ID.`);
    }
    return stem;
}

/** Unique, and in the order of time: UTC with milliseconds, then 48 random bits. */
function newMessageId(): string {
    return `${new Date().toISOString().replace(/[-:Z]/g, '')}-${randomBytes(6).toString('hex')}`;
}

function account(): string {
    try {
        const { username, uid } = userInfo();
        // Bun has but the variable USER, and says "unknown" for everybody who has none, as in cron and containers.
        const name = username === 'unknown' && 'Bun' in globalThis ? nameOf(uid) : username;
        return asWord(name ?? `uid${uid}`);
    } catch {
        return numbered(); // a container's user without an entry
    }
}

function numbered(): string {
    try {
        return `uid${process.getuid?.() ?? 0}`;
    } catch {
        // Deno asks for permission.
        throw new InvalidRequest('the account is not known. Set user, or run Deno with --allow-sys.');
    }
}

/** The name of a user in the list of accounts. */
function nameOf(uid: number): string | undefined {
    const entries = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
    return entries.find(([, , number]) => number === String(uid))?.[0];
}

function asJson(options: Readonly<Record<string, unknown>>): string {
    try {
        return JSON.stringify(options);
    } catch (error) {
        throw new InvalidRequest(`options: cannot be written as JSON: ${error instanceof Error ? error.message : error}. Use only JSON values.`);
    }
}

function asWord(text: string): string {
    return text.replace(/[^A-Za-z0-9_.+=@~]/g, '_').replace(/^\./, '_');
}

/** Names in the spool and the files their content comes from. */
async function picturesOf(stem: string, { inputs = [], mask, control }: PictureRequest): Promise<Map<string, string>> {
    if (inputs.length > MAX_INPUTS) {
        throw new InvalidRequest(`${inputs.length} input images: the limit is ${MAX_INPUTS}. Attach fewer.`);
    }
    const pictures = new Map<string, string>();
    inputs.forEach((source, index) => {
        const extension = extname(source).slice(1).toLowerCase();
        if (!INPUT_EXTENSIONS.includes(extension)) {
            throw new InvalidRequest(`input image ${source}: its name does not end in ${INPUT_EXTENSIONS.join(', ')}. Rename or convert it.`);
        }
        pictures.set(`${stem}-input${index === 0 ? '' : index + 1}.${extension}`, source);
    });
    for (const [role, source] of [['mask', mask], ['control', control]] as const) {
        if (source !== undefined) {
            if (extname(source).toLowerCase() !== '.png') {
                throw new InvalidRequest(`${role} image ${source}: its name does not end in .png. Convert it to PNG.`);
            }
            pictures.set(`${stem}-${role}.png`, source);
        }
    }
    for (const source of pictures.values()) {
        await access(source, constants.R_OK).catch(() => {
            throw new InvalidRequest(`image ${source}: not a readable file. Check its path and permissions.`);
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
        await shareWithGroup(spool, file);
        await file.sync(); // a full network disk is reported only here
    } finally {
        await file.close();
    }
    await rename(draft, join(spool, name));
}

/** Make a file readable for the spool's group, whatever the umask, where the spool is shared by a group. */
async function shareWithGroup(spool: string, file: FileHandle): Promise<void> {
    try {
        const [directory, own] = [await stat(spool), await file.stat()];
        if (directory.mode & 0o040 && directory.gid === own.gid && !(own.mode & 0o040)) {
            await file.chmod((own.mode & 0o777) | 0o040);
        }
    } catch {
        // Not every file system has permissions.
    }
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

/** Number and extension of a result of this stem, and whether it is a thumbnail. */
function pictureOf(stem: string, name: string): { number: number; extension: string; small: boolean } | undefined {
    const match = /^(?:-([1-9][0-9]*))?(-thumbnail)?\.(svg|png|jpg|webp|avif)$/.exec(name.slice(stem.length));
    return match?.[3] ? { number: Number(match[1] ?? 1), extension: match[3], small: match[2] !== undefined } : undefined;
}

async function answer({ spool, stem, older = new Map() }: Ticket, names: ReadonlySet<string>): Promise<Result> {
    const fresh = new Set<string>();
    for (const name of names) {
        if (!older.has(name) || older.get(name) !== (await version(join(spool, name)))) {
            fresh.add(name);
        }
    }
    const best = ['svg', 'png', 'jpg', 'webp', 'avif'].find((extension) => fresh.has(`${stem}.${extension}`));
    if (best !== undefined) {
        const pictures = [...fresh].flatMap((name) => {
            const picture = pictureOf(stem, name);
            return picture ? [{ path: join(spool, name), ...picture }] : [];
        });
        const rank = (picture: { extension: string; small: boolean }) => (picture.small ? 2 : Number(picture.extension !== best));
        pictures.sort((a, b) => rank(a) - rank(b) || a.number - b.number);
        const seen = fresh.has(`${stem}-input-processed.png`) ? [join(spool, `${stem}-input-processed.png`)] : [];
        return { primary: join(spool, `${stem}.${best}`), paths: [...pictures.map(({ path }) => path), ...seen] };
    }
    if (fresh.has(`${stem}-error.txt`)) {
        throw failure(await read(join(spool, `${stem}-error.txt`)));
    }
    throw new RequestCancelled(`${stem}: gone without a result; it was cancelled, or its result was removed. Submit it again if it is still wanted.`);
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

/** Why a request is not begun, as the instances report it, if an operator has paused the spool or its kind. */
async function pauseOf({ spool, stem }: Ticket): Promise<string | undefined> {
    const directory = join(spool, '.spectacle', 'instances');
    const names = await readdir(directory).catch(() => []);
    const kind = /-(?:0|[1-9][0-9]{0,4})x(?:0|[1-9][0-9]{0,4})-([a-z][a-z0-9_]*)$/.exec(stem)?.[1];
    for (const name of names.filter((each) => each.endsWith('.json') && !each.startsWith('.')).slice(0, MOST_REPORTS)) {
        try {
            const report = JSON.parse(await read(join(directory, name), MOST_REPORT_READ)) as {
                pauses?: readonly { kind?: unknown; told?: unknown }[];
                default_kind?: unknown;
            };
            for (const { kind: paused, told } of report.pauses ?? []) {
                if (typeof told === 'string' && (paused === null || paused === (kind ?? report.default_kind))) {
                    return told.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
                }
            }
        } catch {
            // It has just gone, or is no report.
        }
    }
    return undefined;
}

/** The beginning of a small text file, which is never followed if it is a link. */
async function read(path: string, most = MOST_READ): Promise<string> {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
        return buffer.toString('utf8', 0, bytesRead);
    } finally {
        await file.close();
    }
}

function hasCode(error: unknown, code: string): boolean {
    return error instanceof Error && 'code' in error && error.code === code;
}
