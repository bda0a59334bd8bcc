// The part of oidc-provider that the demo's identity provider uses; the package has no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export type Interaction = { uid: string; prompt: { name: string }; grantId?: string }
  export type Grant = { addOIDCScope(scope: string): void; save(): Promise<string> }
  type Session = { accountId?: string; grantIdFor(clientId: string): string | undefined }
  type RequestContext = {
    oidc: { client: { clientId: string }; session: Session; result?: { consent?: { grantId?: string } } }
    body?: unknown
  }

  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<Interaction>
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: Record<string, unknown>): Promise<void>
    on(event: string, listener: (...args: unknown[]) => void): this
    Grant: new (content: { accountId?: string; clientId: string }) => Grant
    static Context: RequestContext
  }
}
