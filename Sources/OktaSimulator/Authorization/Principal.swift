/// The sender of a request, according to its API token or access token.
enum Principal: Sendable {
    /// An API token acts as the administrator who made it.
    case token(APIToken)
    case app(ServiceApp)

    var rights: AdminRights {
        switch self {
        case .token(let token): token.rights
        case .app(let app): app.rights
        }
    }
}

/// An API token of the org.
struct APIToken: Sendable {
    /// The token's id `00T…`, as in events of the log; never the secret.
    let id: String
    /// The id of the administrator who made the token.
    let ownerID: String
    let rights: AdminRights
}
