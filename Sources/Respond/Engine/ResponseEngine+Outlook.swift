import ResponseLog

extension ResponseEngine {
    /// The user's state, and what each step would do. Nothing is recorded or counted.
    package func outlook(_ request: ResponseRequest) async -> ResponseOutlook {
        let steps = ResponseStep.steps(of: request)
        func all(_ result: ResponseResult, _ user: ResponseUser, _ candidates: [ResponseUser] = []) -> ResponseOutlook {
            ResponseOutlook(
                user: user, status: result.statusBefore,
                steps: steps.map { ResponseOutlook.Step(action: $0.action, result: result) }, candidates: candidates)
        }
        let asked = ResponseUser(asked: request.user)
        guard let org = orgs[request.integration] else {
            return all(refused(.unknownIntegration, unknownIntegration(request)), asked)
        }
        if let problem = RequestCheck.problem(of: request) { return all(refused(.invalidRequest, problem), asked) }
        let deadline = clock.instant() + Self.patience
        switch await find(request, org, before: deadline) {
        case .stopped(let result, let user, let candidates): return all(result, user, candidates)
        case .user(let user):
            let shown = user.responseUser(asked: request.user)
            if let objection = await objection(to: user, request, org, before: deadline) {
                var outlook = all(objection, shown)
                outlook.status = user.status
                return outlook
            }
            var outlook = ResponseOutlook(user: shown, status: user.status, steps: [])
            for step in steps {
                let result: ResponseResult
                switch await resolved(step, org, before: deadline) {
                case .success(let step):
                    result = decision(
                        step, user, await facts(step, user, org, before: deadline), request, org)
                case .failure(let refusal): result = refusal.result
                }
                outlook.steps.append(ResponseOutlook.Step(action: step.action, result: result))
            }
            return outlook
        }
    }
}
