/// A class of OCSF to which Okta's events are mapped, as a version of the schema defines it.
package struct OCSFClass: Sendable {
    /// `class_uid`.
    package let uid: Int
    /// `class_name`.
    package let caption: String
    /// The class's name in the schema, in snake case. Partitions have the same name.
    package let name: String
    /// `category_uid`.
    package let categoryUID: Int
    /// `category_name`.
    package let categoryName: String
    /// `activity_id` and its caption. 99 (Other) exists in every class.
    package let activities: [(id: Int, caption: String)]

    private static let iam = "Identity & Access Management"
    private static let application = "Application Activity"

    /// The classes of OCSF 1.8.0, which the catalogue uses. `OCSFKind.rawValue` is the index.
    package static let all: [OCSFClass] = [
        OCSFClass(
            uid: 0, caption: "Base Event", name: "base_event", categoryUID: 0, categoryName: "Uncategorized",
            activities: [(0, "Unknown")]),
        OCSFClass(
            uid: 2004, caption: "Detection Finding", name: "detection_finding", categoryUID: 2,
            categoryName: "Findings",
            activities: [(0, "Unknown"), (1, "Create"), (2, "Update"), (3, "Close")]),
        OCSFClass(
            uid: 3001, caption: "Account Change", name: "account_change", categoryUID: 3, categoryName: iam,
            activities: [
                (0, "Unknown"), (1, "Create"), (2, "Enable"), (3, "Password Change"), (4, "Password Reset"),
                (5, "Disable"),
                (6, "Delete"), (7, "Attach Policy"), (8, "Detach Policy"), (9, "Lock"), (10, "MFA Factor Enable"),
                (11, "MFA Factor Disable"), (12, "Unlock"),
            ]),
        OCSFClass(
            uid: 3002, caption: "Authentication", name: "authentication", categoryUID: 3, categoryName: iam,
            activities: [
                (0, "Unknown"), (1, "Logon"), (2, "Logoff"), (3, "Authentication Ticket"),
                (4, "Service Ticket Request"),
                (5, "Service Ticket Renew"), (6, "Preauth"), (7, "Account Switch"),
            ]),
        OCSFClass(
            uid: 3004, caption: "Entity Management", name: "entity_management", categoryUID: 3, categoryName: iam,
            activities: [
                (0, "Unknown"), (1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete"), (5, "Move"), (6, "Enroll"),
                (7, "Unenroll"), (8, "Enable"), (9, "Disable"), (10, "Activate"), (11, "Deactivate"), (12, "Suspend"),
                (13, "Resume"),
            ]),
        OCSFClass(
            uid: 3005, caption: "User Access Management", name: "user_access", categoryUID: 3, categoryName: iam,
            activities: [(0, "Unknown"), (1, "Assign Privileges"), (2, "Revoke Privileges")]),
        OCSFClass(
            uid: 3006, caption: "Group Management", name: "group_management", categoryUID: 3, categoryName: iam,
            activities: [
                (0, "Unknown"), (1, "Assign Privileges"), (2, "Revoke Privileges"), (3, "Add User"), (4, "Remove User"),
                (5, "Delete"), (6, "Create"), (7, "Add Subgroup"), (8, "Remove Subgroup"),
            ]),
        OCSFClass(
            uid: 4009, caption: "Email Activity", name: "email_activity", categoryUID: 4,
            categoryName: "Network Activity",
            activities: [(0, "Unknown"), (1, "Send"), (2, "Receive"), (3, "Scan"), (4, "Trace"), (5, "MTA Relay")]),
        OCSFClass(
            uid: 6001, caption: "Web Resources Activity", name: "web_resources_activity", categoryUID: 6,
            categoryName: application,
            activities: [
                (0, "Unknown"), (1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete"), (5, "Search"), (6, "Import"),
                (7, "Export"), (8, "Share"),
            ]),
        OCSFClass(
            uid: 6003, caption: "API Activity", name: "api_activity", categoryUID: 6, categoryName: application,
            activities: [(0, "Unknown"), (1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete")]),
        OCSFClass(
            uid: 6008, caption: "Application Error", name: "application_error", categoryUID: 6,
            categoryName: application,
            activities: [(0, "Unknown"), (1, "General Error"), (2, "Translation Error")]),
    ]

    package static func named(uid: Int) -> OCSFClass? { all.first { $0.uid == uid } }

    package func hasActivity(_ id: Int) -> Bool { id == 99 || activities.contains { $0.id == id } }

    /// The record's members that follow from class and activity, as JSON without braces and with a trailing comma. For activity 99
    /// the caller adds `activity_name`.
    func classification(activity: Int) -> [UInt8] {
        let caption = activity == 99 ? "Other" : activities.first { $0.id == activity }?.caption ?? "Unknown"
        var text = """
            "class_uid":\(uid),"class_name":"\(self.caption)","category_uid":\(categoryUID),"category_name":"\(categoryName)",\
            "activity_id":\(activity),"type_uid":\(uid * 100 + activity),"type_name":"\(self.caption): \(caption)",
            """
        if activity != 99 { text += "\"activity_name\":\"\(caption)\"," }
        return Array(text.utf8)
    }
}

/// The classes of OCSF to which events are mapped, as an enumeration for decisions in code.
package enum OCSFKind: Int, Sendable, CaseIterable {
    case base, finding, account, authentication, entity, access, group, email, webResources, api, applicationError

    /// What OCSF 1.8.0 says about the class.
    package var facts: OCSFClass { OCSFClass.all[rawValue] }

    init?(uid: Int) {
        guard let index = OCSFClass.all.firstIndex(where: { $0.uid == uid }) else { return nil }
        self.init(rawValue: index)
    }

    /// Whether `actor` is an attribute of the class itself; otherwise it belongs to the profile `host`.
    var hasActor: Bool {
        switch self {
        case .account, .authentication, .entity, .access, .group, .api: true
        default: false
        }
    }

    var hasSourceEndpoint: Bool {
        switch self {
        case .base, .finding, .applicationError: false
        default: true
        }
    }

    var hasHTTPRequest: Bool { hasSourceEndpoint && self != .email }
}
