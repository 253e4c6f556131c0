/// A GET or HEAD request.
package struct LocalRequest: Sendable, Hashable {
    /// As it was sent, without a query.
    package let path: String

    package init(path: String) { self.path = path }

    init(uri: String) { path = String(uri.prefix { $0 != "?" }) }
}
