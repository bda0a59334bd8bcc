import type { WatchCache } from '../storage/watch-cache.ts'
import type { OpenApi } from '../openapi/documents.ts'
import type { ApiServerContext } from './context.ts'
import type { Snapshots } from './snapshots.ts'

/** What the request handlers share: the context that the rest of the cluster fills in, and the server's own caches. */
export type ServedContext = ApiServerContext & { watchCache: WatchCache; snapshots: Snapshots; openApi: OpenApi }
