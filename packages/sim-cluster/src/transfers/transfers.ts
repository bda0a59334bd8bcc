// Data in and out of claims over HTTP: CDI's upload proxy and KubeVirt's export proxy, on the API server's own socket.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { urlOf } from '../api/request-url.ts'
import type { Clock } from '../clock.ts'
import { caConfigMap, proxyHost } from '../controllers/exports.ts'
import { createObjects } from '../controllers/objects.ts'
import type { Guests } from '../guests/guest.ts'
import type { Storage } from '../storage/storage.ts'
import { createExportProxy, isExport } from './export-proxy.ts'
import { createUploadProxy, isUpload } from './upload-proxy.ts'

export type Transfers = {
  /** Serves a request for one of the proxies; false for any other. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
  /** Tells clients, in the objects where they look, by which URL the proxies are reached and whom to trust. */
  announce(url: string, caCert: string): void
}

export function createTransfers({ storage, clock, guests }: { storage: Storage; clock: Clock; guests: Guests }): Transfers {
  const objects = createObjects(storage, clock)
  const upload = createUploadProxy({ objects, clock, volumes: guests.volumes })
  const download = createExportProxy({ objects, volumes: guests.volumes })
  return {
    handle(req, res) {
      const url = urlOf(req.url)
      if (isUpload(url.pathname)) void upload(req, res, url.pathname)
      else if (isExport(url.pathname)) download(req, res, url)
      else return false
      return true
    },
    announce(url, caCert) {
      const config = storage.get('cdiconfigs.cdi.kubevirt.io', undefined, 'config')
      if (config) {
        const status = { ...(config.status as object), uploadProxyCA: caCert, uploadProxyURL: url }
        storage.update('cdiconfigs.cdi.kubevirt.io', { ...config, status })
      }
      if (!storage.get('namespaces', undefined, caConfigMap.namespace)) return
      objects.create('configmaps', {
        metadata: { ...caConfigMap, annotations: { [proxyHost]: new URL(url).host } },
        data: { 'ca-bundle': caCert },
      } as never)
    },
  }
}
