/** Builds the dashboard (src/dashboard) into dist/dashboard: what nodes with a web port give out, whole and without any other server. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export default defineConfig({
  root: at('src/dashboard'),
  // Pages may be given out behind a proxy, under a path of its own.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: at('dist/dashboard'),
    emptyOutDir: true,
    target: 'es2022',
    // What is written into the page itself would need an exception in its content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }
  }
})
