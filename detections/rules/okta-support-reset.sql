-- A credential reset by Okta itself
--
-- A password or a factor was reset by Okta's system account, without a client and without a transaction: by
-- support, or by whoever has support's access.
--
-- Follows: Panther, okta_support_reset: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_support_reset.yml
-- ATT&CK: T1199 Trusted Relationship
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, metadata.event_code, "user".name AS account, entity.name AS entity, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('user.account.reset_password', 'user.mfa.factor.update', 'system.mfa.factor.deactivate',
                              'user.mfa.attempt_bypass')
  AND actor.user.name = 'system@okta.com' AND metadata.correlation_uid IS NULL
  AND http_request.user_agent IS NULL AND src_endpoint.location.country IS NULL;
