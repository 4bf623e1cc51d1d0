import { frameworkSuite } from '@portcullis/conformance';
import express from 'express';
import express4 from 'express4';
import { type ExpressModule, mountOn } from './mount.js';

frameworkSuite({ name: 'Express 5', mount: mountOn(express) });
frameworkSuite({ name: 'Express 4', mount: mountOn(express4 as unknown as ExpressModule) });
