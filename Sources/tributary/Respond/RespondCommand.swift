import ArgumentParser

struct RespondGroup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "respond",
        abstract: "Act on a user of an Okta org from a case: suspend, clear sessions, contain and more.",
        discussion: """
            Each action shows the user's present state, asks, acts through a helper that alone has the credential, reads the state back, and is on \
            record. Members of the group tributary-responders may use it, and root. Without a terminal, --yes is needed.

            list says which actions an integration's credential may perform, history what was done, and undo takes an action back.

            Ends with 0 when it is done or was already so; with 64 for a mistake in the command, also when several users match; with 66 when there \
            is no such user; with 69 when Okta or the helper is unavailable, what came of the action is not known, or the time of --wait is over; \
            with 77 when a guard rail or Okta refuses it.

            Example: contain a user, then take it back
              tributary respond contain mallory@acme.example --case INC-4711 --reason "phished"
              tributary respond release mallory@acme.example --case INC-4711

            Example: what was done for a case
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
