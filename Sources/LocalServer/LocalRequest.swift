/// A GET or HEAD request.
package struct LocalRequest: Sendable, Hashable {
    /// The path as the client sent it, without the query.
    package let path: String

    package init(path: String) { self.path = path }

    init(uri: String) { path = String(uri.prefix { $0 != "?" }) }
}
