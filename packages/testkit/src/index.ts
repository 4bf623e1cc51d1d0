/**
 * What the repository's own tests share: requirement citations, a clock that tests move, and throwaway services.
 * @packageDocumentation
 */
export { type FakeClock, fakeClock } from '@portcullis/testing';
export { type Certificate, type CertificateAuthority, certificateAuthority } from './certificates.js';
export { pgbouncer } from './pgbouncer.js';
export { requirement } from './requirement.js';
export {
  type ClusterService,
  type CrashableOptions,
  type CrashableService,
  type Service,
  crashableMysql,
  crashablePostgres,
  crashableRedis,
  mysql,
  postgres,
  redis,
  redisCluster,
} from './services.js';
export { type TcpProxy, tcpProxy } from './tcp-proxy.js';
export { canMount } from './throwaway.js';
