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

/** The two fonts that every page shows begin to load with the page, not with its styles. */
const preloadFonts: Plugin = {
  name: 'virtdeck:preload-fonts',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle = {} }) =>
      Object.keys(bundle)
        .filter((file) => /(inter|jetbrains-mono)-latin-wght-normal-.*\.woff2$/.test(file))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'preload', href: `/${file}`, as: 'font', type: 'font/woff2', crossorigin: '' },
          injectTo: 'head' as const,
        })),
  },
}

/**
 * What the list of VMs is made of begins to load with the page: else each lazy part is found by the one before it. The
 * other pages share most of it.
 */
const preloadFirstView: Plugin = {
  name: 'virtdeck:preload-first-view',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (html, { bundle = {} }) => {
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk')
      const files = new Set<string>()
      const visit = (name: string) => {
        const chunk = chunks.find(({ fileName }) => fileName === name)
        if (!chunk || files.has(name)) return
        files.add(name)
        for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style)
        for (const next of chunk.imports) visit(next)
      }
      for (const { facadeModuleId, fileName } of chunks) if (firstViewParts.test(facadeModuleId ?? '')) visit(fileName)
      return [...files]
        .filter((file) => !html.includes(file))
        .map((file) => ({
          tag: 'link',
          attrs: file.endsWith('.css')
            ? { rel: 'preload', href: `/${file}`, as: 'style', nonce: '__CSP_NONCE__', crossorigin: '' }
            : { rel: 'modulepreload', href: `/${file}`, nonce: '__CSP_NONCE__', crossorigin: '' },
          injectTo: 'head' as const,
        }))
    },
  },
}

/** What several pages may share: our own parts and what they are made of. */
const shared =
  /[\\/]node_modules[\\/]@(base-ui|floating-ui|tabler)[\\/]|[\\/]src[\\/](api|components|layouts|stores|util|ui)[\\/]|[\\/]packages[\\/]/
const firstViewParts = /[\\/](main|layouts[\\/](session-gate|app-shell)|features[\\/]virtual-machines[\\/]virtual-machines-page)\.tsx$/
/** Knowledge that only pages and dialogs of one VM use, though it is exported beside the rest. */
const laterKnowledge = /[\\/]packages[\\/]kubevirt[\\/]src[\\/](templates|cloud-init|delete-plan|disks|networks|diagnose)\.ts$/
const firstViewModules = new Set<string>()

/** Finds every module that the list of VMs needs before anybody has clicked. */
const findFirstView: Plugin = {
  name: 'virtdeck:find-first-view',
  apply: 'build',
  buildEnd() {
    const visit = (id: string) => {
      if (firstViewModules.has(id) || laterKnowledge.test(id)) return
      firstViewModules.add(id)
      for (const next of this.getModuleInfo(id)?.importedIds ?? []) visit(next)
    }
    for (const id of this.getModuleIds()) if (firstViewParts.test(id)) visit(id)
  },
}

export default defineConfig({
  // The server replaces the placeholder in every answer (SECURITY 7.2).
  html: { cspNonce: '__CSP_NONCE__' },
  plugins: [react(), withoutNonce, preloadFonts, preloadFirstView, findFirstView],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Few requests for the first view: what the entry needs, and what several pages share. What only one page or
        // one dialog needs stays with it and comes when it is opened.
        codeSplitting: {
          groups: [
            {
              // With Vite's own loader of lazy parts: the entry uses it, and must not fetch the frame for it.
              name: 'core',
              test: /[\\/]node_modules[\\/](react|react-dom|react-router|scheduler|zustand|@tanstack[\\/](query-core|react-query)|@base-ui[\\/]react[\\/](csp-provider|internals[\\/]csp-context))[\\/]|[\\/]src[\\/](paths|util[\\/](csp|visible-text)|api[\\/]query-client|ui[\\/](bdi|empty-state|icon|state-glyph))\.tsx?$|vite[\\/]preload-helper/,
              priority: 2,
            },
            { name: 'frame', test: (id) => firstViewModules.has(id) && shared.test(id), minShareCount: 2, priority: 1 },
            { name: 'dialogs', test: (id) => !firstViewModules.has(id) && shared.test(id), minShareCount: 4, priority: 1 },
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
