import { frameworkSuite } from '@portcullis/conformance';
import Koa from 'koa';
import Koa2 from 'koa2';
import Router12 from 'koa-router12';
import { mountOn, type RouterModule } from './mount.js';

frameworkSuite({ name: 'Koa 3 with @koa/router 15', mount: mountOn(Koa) });
frameworkSuite({
  name: 'Koa 2 with @koa/router 12',
  mount: mountOn(Koa2 as unknown as typeof Koa, Router12 as unknown as RouterModule),
});
