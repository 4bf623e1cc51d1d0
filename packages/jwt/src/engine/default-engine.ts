import type { Engine } from './engine.js';
import { nativeEngine } from './native-engine.js';
import { portableEngine } from './portable-engine.js';

/** The native engine where the runtime has one, else the portable one. */
export const defaultEngine: Engine = nativeEngine ?? portableEngine;
