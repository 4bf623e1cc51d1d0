/**
 * The configuration of the `portcullis` command.
 *
 * @packageDocumentation
 */
export { type ApiKeysConfig, defineConfig, type PortcullisConfig, type SessionsConfig } from './config.js';
