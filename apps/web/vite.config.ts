import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import type { Plugin } from 'vite'

// Where `npm run dev` finds the server that answers what is not a file of the app.
const server = process.env.VIRTDECK_SERVER ?? 'http://127.0.0.1:8081'
const toServer = { target: server, ws: true }

/** In development nobody replaces the placeholder: the page would announce a nonce that is a plain word. */
const withoutNonce: Plugin = {
  name: 'virtdeck:development-nonce',
  apply: 'serve',
  transformIndexHtml: { order: 'post', handler: (html) => html.replaceAll('__CSP_NONCE__', '') },
}

export default defineConfig({
  // The server replaces the placeholder in every answer (SECURITY 7.2).
  html: { cspNonce: '__CSP_NONCE__' },
  plugins: [react(), withoutNonce],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What every page needs travels in few files; the rest follows the routes.
        codeSplitting: {
          groups: [
            {
              name: 'react',
              test: /node_modules[\\/](react|react-dom|react-router|scheduler|@tanstack[\\/]query-core|@tanstack[\\/]react-query|zustand)[\\/]/,
              priority: 20,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      '/api': toServer,
      '/auth': toServer,
      '/k8s': toServer,
      '/live': toServer,
    },
  },
})
