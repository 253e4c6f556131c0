import CurlHTTPClient
import FoundationEssentials

/// What an org reports about itself at `/.well-known/okta-organization` (Okta Management API, "Org"). The request needs no credential.
package struct OrgProbe: Sendable, Hashable {
    /// Which generation of Okta runs the org.
    package enum Pipeline: Sendable, Hashable {
        /// The org reports `idx`.
        case identityEngine
        /// The org reports `v1`.
        case classic
        /// The org reports any other value.
        case other(String)
    }

    /// The organization's id, such as `00o…`. It doesn't change if the org is renamed or gets a custom domain.
    package let organizationID: String
    /// The pipeline; nil if the org does not report it.
    package let pipeline: Pipeline?
    /// The org's okta.com address; nil if the org does not report a valid one.
    package let organization: OrgURL?
    /// Another address of the org, usually its custom domain; nil if the org does not report a valid one.
    package let alternate: OrgURL?

    /// The request to `/.well-known/okta-organization`.
    package static func request(_ org: OrgURL) -> HTTPRequest {
        HTTPRequest(
            .get, "\(org.origin)/.well-known/okta-organization",
            headers: HTTPHeaders([.init("Accept", "application/json")]),
            limits: HTTPLimits(total: .seconds(20), bodyBytes: 64 << 10))
    }

    /// Reads an answer; `nil` if it is not from an Okta org.
    package init?(_ response: HTTPResponse) {
        guard response.status == 200, response.body.count <= 64 << 10,
            let form = try? JSONDecoder().decode(Form.self, from: Data(response.body)),
            let id = form.id, !id.isEmpty
        else { return nil }
        organizationID = id.oneLine(limit: 64)
        pipeline =
            switch form.pipeline {
            case "idx": .identityEngine
            case "v1": .classic
            case let other?: .other(other.oneLine(limit: 32))
            case nil: nil
            }
        organization = form.organization.flatMap { try? OrgURL(parsing: $0) }
        alternate = form.alternate.flatMap { try? OrgURL(parsing: $0) }
    }

    private struct Form: Decodable {
        var id, pipeline, organization, alternate: String?

        enum Key: String, CodingKey {
            case id, pipeline, organization, alternate, href
            case links = "_links"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            id = try? fields.decode(String.self, forKey: .id)
            pipeline = try? fields.decode(String.self, forKey: .pipeline)
            let links = try? fields.nestedContainer(keyedBy: Key.self, forKey: .links)
            func link(_ key: Key) -> String? {
                try? links?.nestedContainer(keyedBy: Key.self, forKey: key).decode(String.self, forKey: .href)
            }
            organization = link(.organization)
            alternate = link(.alternate)
        }
    }
}
