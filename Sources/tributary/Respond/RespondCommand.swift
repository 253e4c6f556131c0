import ArgumentParser

struct RespondGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "respond",
        abstract: "Act on an Okta user because of an incident: suspend, clear sessions, contain and more.",
        discussion: """
            Each action shows the user's present state, asks for confirmation, and is then carried out by a helper, the only process with the \
            credential. The helper reads the user's new state, and records the action. Root and members of the group tributary-responders may use \
            these commands. Without a terminal, --yes is required.

            list shows which actions an integration's credential may perform, history shows past actions, and undo reverses an action.

            Exits with 0 if the action is done or was not necessary; with 64 for a mistake in the command, or if several users match; with 66 if \
            there is no such user; with 69 if Okta or the helper is unavailable, the outcome is unknown, or --wait took too long; and with 77 if a \
            guard rail, such as response.protected_users, or Okta refuses the action.

            Example: contain a user, then undo the containment
              tributary respond contain mallory@acme.example --case INC-4711 \\
                --reason "phished"
              tributary respond release mallory@acme.example --case INC-4711

            Example: the actions for a case
              tributary respond history --case INC-4711
            """,
        subcommands: [
            RespondContain.self, RespondRelease.self, RespondSuspend.self, RespondUnsuspend.self,
            RespondClearSessions.self, RespondExpirePassword.self, RespondResetPassword.self, RespondResetFactors.self,
            RespondUnlock.self, RespondDeactivate.self, RespondActivate.self, RespondAddToGroup.self,
            RespondRemoveFromGroup.self, RespondSetRisk.self, RespondUniversalLogout.self,
            RespondList.self, RespondHistory.self, RespondUndo.self, RespondServe.self,
        ])
}
