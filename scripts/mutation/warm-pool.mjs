// A pool that keeps its worker thread from one run to the next. Stryker runs the tests once a mutant, and a new thread costs more
// than most of those runs. Vitest evaluates every module of ours anew for each test file, in a kept thread as well.
import { fileURLToPath } from 'node:url';
import { ThreadsPoolWorker } from 'vitest/node';

const entrypoint = fileURLToPath(new URL('warm-worker.mjs', import.meta.url));

/** The thread that lives, with its `start` answered. */
let warm;

class WarmWorker extends ThreadsPoolWorker {
  name = 'warm';
  #listeners = new Map();
  #config;

  async start() {
    if (warm === undefined) {
      this.env = { ...this.env, VITEST_THREADS_ENTRY: this.entrypoint };
      this.entrypoint = entrypoint;
      await super.start();
      const thread = this._thread;
      // In a mutant's endless loop the whole process is ended; what remains is a thread that ended by itself.
      thread.once('exit', () => (warm = undefined));
      warm = { thread, started: false };
    }
    this._thread = warm.thread;
  }

  on(event, callback) {
    this.#listeners.set(callback, event);
    super.on(event, callback);
  }

  off(event, callback) {
    this.#listeners.delete(callback);
    super.off(event, callback);
  }

  #answer(type) {
    for (const [callback, event] of this.#listeners)
      if (event === 'message') queueMicrotask(() => callback({ type, __vitest_worker_response__: true }));
  }

  send(message) {
    if (message.type === 'stop') return this.#answer('stopped');
    if (message.type === 'start') {
      this.#config = message.context.config;
      if (warm.started) return this.#answer('started');
      warm.started = true;
    }
    // What `start` would have told a new thread: the tests' names, among others.
    if (message.type === 'run') message.context.config = this.#config;
    super.send(message);
  }

  async stop() {
    for (const [callback, event] of this.#listeners) super.off(event, callback);
    this.#listeners.clear();
  }
}

export const warmPool = { name: 'warm', createPoolWorker: (options) => new WarmWorker(options) };
