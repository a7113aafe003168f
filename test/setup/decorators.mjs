// Each Jest file has its own module registry. Nest's decorators need the metadata polyfill before any
// decorated class is evaluated; loading it here keeps that order out of the tests themselves.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
