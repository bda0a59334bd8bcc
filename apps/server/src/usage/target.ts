// The Prometheus that is asked for what VMs use: where it is, and how one signs in there.

export type UsageTarget = {
  /** The API's base, without a slash at its end: `https://thanos.example.com`, `http://vm.example.com/select/0/prometheus`. */
  url: string
  /** PEM; without one, the system's authorities. */
  caFile?: string
  /** A bearer token, read before each use: mounted ones are renewed in place. */
  tokenFile?: string
  /** Label matchers that all series have to fit: `cluster="fra-prod-1"`. */
  matchers?: string
}

/** One or more of PromQL's label matchers, without the braces around them. */
export const matchersPattern =
  /^\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"\s*(?:,\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\\n]|\\.)*"\s*)*$/
