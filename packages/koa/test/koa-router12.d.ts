declare module 'koa-router12' {
  export { default } from '@koa/router';
}
