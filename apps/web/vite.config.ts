import { readFileSync } from 'node:fs'
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

/** What does not wait for the app's code does not wait for a file of its own either. Where it stands, no style delays it. */
const inlineFirst: Plugin = {
  name: 'virtdeck:inline-first',
  transformIndexHtml: (html) => {
    const script = readFileSync(new URL('first.js', import.meta.url), 'utf8').replaceAll(/^\s*\/\/.*\n/gm, '')
    return html.replace('<!-- first.js -->', () => `<script nonce="__CSP_NONCE__">\n${script}</script>`)
  },
}

/** The icon stands in the page: browsers ask for it on a visit, and look at it again whenever the address changes, as by a search. */
const inlineIcon: Plugin = {
  name: 'virtdeck:inline-icon',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => {
      const icon = readFileSync(new URL('public/favicon.svg', import.meta.url), 'utf8').trim()
      return html.replace('href="/favicon.svg"', () => `href="data:image/svg+xml,${encodeURIComponent(icon)}"`)
    },
  },
}

/**
 * Most of the first view's own code runs on a visit: compiled in the background, along with its parsing, it is not compiled one
 * function after the other while the page is built. Browsers that do not know the comment pass over it.
 */
const compileAhead: Plugin = {
  name: 'virtdeck:compile-ahead',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler: (_options, bundle) => {
      for (const file of Object.values(bundle))
        if (file.type === 'chunk' && file.fileName.startsWith('assets/first-view-'))
          file.code = `//# allFunctionsCalledOnLoad\n${file.code}`
    },
  },
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
      for (const { facadeModuleId, fileName } of chunks) if (firstViewPart.test(facadeModuleId ?? '')) visit(fileName)
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
const entryPart = /[\\/]src[\\/]main\.tsx$/
const firstViewPart = /[\\/]src[\\/]first-view\.ts$/
/** Knowledge that only pages and dialogs of one VM use, though it is exported beside the rest. */
const laterKnowledge = /[\\/]packages[\\/]kubevirt[\\/]src[\\/](templates|cloud-init|delete-plan|disks|networks|diagnose)\.ts$/
/** What the entry is made of, and what the first view adds to it. */
const entryModules = new Set<string>()
const firstViewModules = new Set<string>()

/** Finds every module that the list of VMs needs before anybody has clicked. */
const findFirstView: Plugin = {
  name: 'virtdeck:find-first-view',
  apply: 'build',
  buildEnd() {
    const visit = (id: string, into: Set<string>) => {
      if (entryModules.has(id) || into.has(id) || laterKnowledge.test(id)) return
      into.add(id)
      for (const next of this.getModuleInfo(id)?.importedIds ?? []) visit(next, into)
    }
    const modules = [...this.getModuleIds()]
    for (const id of modules) if (entryPart.test(id)) visit(id, entryModules)
    for (const id of modules) if (firstViewPart.test(id)) visit(id, firstViewModules)
  },
}

export default defineConfig({
  // The server replaces the placeholder in every answer (SECURITY 7.2).
  html: { cspNonce: '__CSP_NONCE__' },
  plugins: [react(), inlineFirst, inlineIcon, withoutNonce, compileAhead, preloadFonts, preloadFirstView, findFirstView],
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
            { name: 'first-view', test: (id) => firstViewModules.has(id), priority: 1 },
            {
              name: 'dialogs',
              test: (id) => !entryModules.has(id) && !firstViewModules.has(id) && shared.test(id),
              minShareCount: 4,
              priority: 1,
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
