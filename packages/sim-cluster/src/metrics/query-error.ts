/** What Prometheus' HTTP API calls the kinds of its errors: `bad_data` is a 400, `execution` a 422. */
export class QueryError extends Error {
  readonly errorType: 'bad_data' | 'execution'
  constructor(errorType: QueryError['errorType'], message: string) {
    super(message)
    this.errorType = errorType
  }
}
