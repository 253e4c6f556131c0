import CurlHTTPClient
import FoundationEssentials

/// A user as the org describes it: the properties that response actions need. Each text is a single line.
package struct OktaUser: Sendable, Hashable {
    /// `00u…`.
    package let id: String
    /// The user's status: `ACTIVE`, `SUSPENDED`, …. Okta may add others.
    package let status: String
    /// The status that the user will have once Okta has finished a change; nil if no change is in progress.
    package let transitioningToStatus: String?
    package let login: String?
    package let email: String?
    /// First and last name.
    package let name: String?

    /// The maximum length of a text of the profile, in characters. Longer texts are cut.
    private static let textLimit = 256

    fileprivate init?(_ form: Form) {
        guard let id = form.id, OktaID.isUsable(id), let status = form.status, !status.isEmpty else { return nil }
        self.id = id
        self.status = status.oneLine(limit: 40)
        transitioningToStatus = form.transitioningToStatus?.oneLine(limit: 40)
        login = form.login?.oneLine(limit: Self.textLimit)
        email = form.email?.oneLine(limit: Self.textLimit)
        let words = [form.firstName, form.lastName].compactMap(\.self).filter { !$0.isEmpty }
        name = words.isEmpty ? nil : words.joined(separator: " ").oneLine(limit: Self.textLimit)
    }

    /// Reads a user; nil if the body does not describe one.
    static func read(_ body: [UInt8]) -> OktaUser? {
        (try? JSONDecoder().decode(Form.self, from: Data(body))).flatMap(OktaUser.init)
    }

    /// Reads a list of users; nil if the body is not a list of users.
    static func readList(_ body: [UInt8]) -> [OktaUser]? {
        guard let forms = try? JSONDecoder().decode([Form].self, from: Data(body)) else { return nil }
        let users = forms.compactMap(OktaUser.init)
        return users.count == forms.count ? users : nil
    }

    fileprivate struct Form: Decodable {
        var id, status, transitioningToStatus, login, email, firstName, lastName: String?

        private enum Key: String, CodingKey {
            case id, status, transitioningToStatus, profile, login, email, firstName, lastName
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            id = try? fields.decode(String.self, forKey: .id)
            status = try? fields.decode(String.self, forKey: .status)
            transitioningToStatus = try? fields.decode(String.self, forKey: .transitioningToStatus)
            let profile = try? fields.nestedContainer(keyedBy: Key.self, forKey: .profile)
            login = try? profile?.decode(String.self, forKey: .login)
            email = try? profile?.decode(String.self, forKey: .email)
            firstName = try? profile?.decode(String.self, forKey: .firstName)
            lastName = try? profile?.decode(String.self, forKey: .lastName)
        }
    }
}

/// A group as the org describes it.
package struct OktaGroup: Sendable, Hashable {
    /// `00g…`.
    package let id: String
    package let name: String
    /// The type. The members of an `OKTA_GROUP` can be changed. Those of an `APP_GROUP` or a `BUILT_IN` group can't.
    package let type: String

    /// Reads a group; nil if the body does not describe one.
    static func read(_ body: [UInt8]) -> OktaGroup? {
        (try? JSONDecoder().decode(Form.self, from: Data(body))).flatMap(OktaGroup.init)
    }

    /// Reads a list of groups, and leaves out groups without a usable id; nil if the body is not a list.
    static func readList(_ body: [UInt8]) -> [OktaGroup]? {
        (try? JSONDecoder().decode([Form].self, from: Data(body)))?.compactMap(OktaGroup.init)
    }

    private init?(_ form: Form) {
        guard let id = form.id, OktaID.isUsable(id) else { return nil }
        self.id = id
        name = (form.profile?.name ?? "").oneLine(limit: 256)
        type = (form.type ?? "").oneLine(limit: 40)
    }

    private struct Form: Decodable {
        struct Profile: Decodable { var name: String? }
        var id, type: String?
        var profile: Profile?
    }
}

/// An administrator role that is assigned to a user, directly or through a group.
package struct OktaRole: Sendable, Hashable {
    /// The type: `SUPER_ADMIN`, `HELP_DESK_ADMIN`, `CUSTOM`, …. Okta may add others.
    package let type: String
    /// The role's name in the Admin Console.
    package let label: String

    /// Reads a list of roles; nil if the body is not a list.
    static func readList(_ body: [UInt8]) -> [OktaRole]? {
        (try? JSONDecoder().decode([Form].self, from: Data(body)))?.map { form in
            let type = (form.type ?? "unknown").oneLine(limit: 40)
            return OktaRole(type: type, label: (form.label ?? type).oneLine(limit: 100))
        }
    }

    private struct Form: Decodable { var type, label: String? }
}

/// The ids of Okta's objects.
package enum OktaID {
    /// Whether the text can be an id: at most 100 letters, digits, `_` and `-`. Such a text can be used in a path without encoding.
    static func isUsable(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5F || $0 == 0x2D
            }
    }

    /// Whether the text has the form of a user's id.
    package static func isUser(_ text: String) -> Bool { isID(text, "00u") }

    /// Whether the text has the form of a group's id.
    package static func isGroup(_ text: String) -> Bool { isID(text, "00g") }

    private static func isID(_ text: String, _ prefix: String) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == 20 && isUsable(text)
    }
}
