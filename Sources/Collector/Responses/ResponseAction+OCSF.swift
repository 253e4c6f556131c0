import ResponseLog

/// The terms of OCSF, MITRE D3FEND and Okta's API for each response action.
extension ResponseAction {
    /// The `activity_id` of OCSF's class Remediation Activity, and the caption of this id.
    var activity: (id: Int, name: String) {
        switch self {
        case .suspend, .deactivate, .clearSessions, .universalLogout, .contain: (2, "Evict")
        case .unsuspend, .activate, .unlock, .release: (3, "Restore")
        case .expirePassword, .resetPassword, .resetFactors: (4, "Harden")
        // These actions may isolate the user or restore access, depending on the group or the risk level.
        case .addToGroup, .removeFromGroup, .setRisk: (99, "Other")
        }
    }

    /// The technique of MITRE D3FEND (https://d3fend.mitre.org); nil if none fits.
    var countermeasure: (id: String, name: String)? {
        switch self {
        case .suspend, .deactivate, .contain: ("D3-AL", "Account Locking")
        case .clearSessions, .universalLogout: ("D3-ST", "Session Termination")
        case .unlock: ("D3-ULA", "Unlock Account")
        case .unsuspend, .activate, .release: ("D3-RUAA", "Restore User Account Access")
        case .expirePassword, .resetPassword: ("D3-CRO", "Credential Rotation")
        case .resetFactors: ("D3-CR", "Credential Revocation")
        case .addToGroup, .removeFromGroup: ("D3-UAP", "User Account Permissions")
        case .setRisk: nil
        }
    }

    /// The name of the call in Okta's API.
    var operation: String {
        let lifecycle = "POST /api/v1/users/{id}/lifecycle/"
        return switch self {
        case .suspend, .contain: lifecycle + "suspend"
        case .unsuspend, .release: lifecycle + "unsuspend"
        case .clearSessions: "DELETE /api/v1/users/{userId}/sessions"
        case .expirePassword: lifecycle + "expire_password"
        case .resetPassword: lifecycle + "reset_password"
        case .resetFactors: lifecycle + "reset_factors"
        case .unlock: lifecycle + "unlock"
        case .deactivate: lifecycle + "deactivate"
        case .activate: lifecycle + "activate"
        case .addToGroup: "PUT /api/v1/groups/{groupId}/users/{userId}"
        case .removeFromGroup: "DELETE /api/v1/groups/{groupId}/users/{userId}"
        case .setRisk: "PUT /api/v1/users/{userId}/risk"
        case .universalLogout: "POST /oauth2/v1/global-token-revocation"
        }
    }

    /// A description of the action, for `remediation.desc`.
    var words: String {
        switch self {
        case .suspend: "Suspend the user"
        case .unsuspend: "Unsuspend the user"
        case .clearSessions: "End the user's sessions"
        case .expirePassword: "Expire the user's password"
        case .resetPassword: "Reset the user's password"
        case .resetFactors: "Reset the user's authentication factors"
        case .unlock: "Unlock the user"
        case .deactivate: "Deactivate the user"
        case .activate: "Activate the user"
        case .addToGroup: "Add the user to a group"
        case .removeFromGroup: "Remove the user from a group"
        case .setRisk: "Set the user's risk level"
        case .universalLogout: "Log the user out everywhere"
        case .contain: "Contain the user"
        case .release: "Release the user"
        }
    }
}
