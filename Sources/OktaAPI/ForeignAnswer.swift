import CurlHTTPClient

/// Recognizes an answer that can't come from Okta: the login page of a guest network, a proxy's error page, or another
/// web site at the org's address.
package struct ForeignAnswer: Sendable, Hashable {
    /// What was received: the end of a sentence that begins with a host name or "the org's address", such as `answered with a redirect to …`.
    package let what: String
    /// What to do.
    package static let advice =
        "Another server answers instead of Okta: check the URL, the proxy, and whether this network has a login page (a captive portal)"

    /// Examines an answer; `nil` if the answer may come from Okta.
    package init?(_ response: HTTPResponse) {
        let host = response.headers.first("Location").flatMap(Self.target)
        switch response.status {
        case 300..<400:
            what =
                "answered with a redirect\(host.map { " to \($0)" } ?? ""); Okta sends no redirects, and Tributary follows none"
        case _ where PageCheck.content(of: response.body).first(where: { $0 > 0x20 }) == 0x3C:
            what = "answered with a web page (\(response.status)) instead of Okta's JSON"
        default: return nil
        }
    }

    /// The host of a redirect, safe to print. Path and query are removed, because they may contain secrets.
    private static func target(_ location: String) -> String? {
        guard let scheme = location.firstRange(of: "://") else { return nil }
        let authority = location[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return host.isEmpty ? nil : String(host).oneLine(limit: 100)
    }
}
