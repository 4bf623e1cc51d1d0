import callbackMysql from 'mysql2';
import mysql from 'mysql2/promise';
import { type MysqlClient, createMysqlStorage } from '../../src/index.js';

// Each pool's own declaration is taken without a cast.
export const taken: readonly MysqlClient[] = [mysql.createPool(''), callbackMysql.createPool('')];

// @ts-expect-error an address is not a pool
createMysqlStorage('mysql://localhost/test');
declare const connection: mysql.Connection;
// @ts-expect-error a single connection is not a pool: a broken one stays so
createMysqlStorage(connection);
