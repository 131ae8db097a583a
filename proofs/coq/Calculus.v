(** Facts of real analysis that the proofs about activations share. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Lemma Derive_n_2 (f f1 f2 : R -> R) :
  (forall x, is_derive f x (f1 x)) -> (forall x, is_derive f1 x (f2 x)) -> forall x, Derive_n f 2 x = f2 x.
Proof.
  intros H1 H2 x; simpl.
  rewrite (Derive_ext _ f1) by (intros; apply is_derive_unique, H1); apply is_derive_unique, H2.
Qed.

Lemma Derive_n_3 (f f1 f2 f3 : R -> R) :
  (forall x, is_derive f x (f1 x)) -> (forall x, is_derive f1 x (f2 x)) -> (forall x, is_derive f2 x (f3 x)) ->
  forall x, Derive_n f 3 x = f3 x.
Proof.
  intros H1 H2 H3 x; change (Derive (Derive_n f 2) x = f3 x).
  rewrite (Derive_ext _ f2) by (intros; now apply (Derive_n_2 f f1 f2)); apply is_derive_unique, H3.
Qed.

Lemma mean_value (f f' : R -> R) a b : (forall x, is_derive f x (f' x)) ->
  exists c, Rmin a b <= c <= Rmax a b /\ f b - f a = f' c * (b - a).
Proof.
  intros H; destruct (MVT_gen f a b f') as (c & Hc & E).
  - intros; apply H.
  - intros; apply derivable_continuous_pt; eexists; apply is_derive_Reals, H.
  - now exists c.
Qed.

(** |f'| <= M gives |f x - f y| <= M |x - y|. *)
Lemma lipschitz_of_derivative (f f' : R -> R) M :
  (forall x, is_derive f x (f' x)) -> (forall x, Rabs (f' x) <= M) ->
  forall x y, Rabs (f x - f y) <= M * Rabs (x - y).
Proof.
  intros H HM x y; destruct (mean_value f f' y x H) as (c & _ & E).
  rewrite E, Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos | apply HM].
Qed.

(** f' >= 0 left of r and f' <= 0 right of r, on [a, b]: f is largest at r. *)
Lemma largest_at (f f' : R -> R) a b r : (forall x, is_derive f x (f' x)) -> a <= r <= b ->
  (forall x, a <= x <= r -> 0 <= f' x) -> (forall x, r <= x <= b -> f' x <= 0) ->
  forall x, a <= x <= b -> f x <= f r.
Proof.
  intros H Hr Hl Hg x Hx; destruct (mean_value f f' r x H) as (c & Hc & E).
  destruct (Rle_or_lt x r).
  - rewrite Rmin_right, Rmax_left in Hc by lra; specialize (Hl c ltac:(lra)); nra.
  - rewrite Rmin_left, Rmax_right in Hc by lra; specialize (Hg c ltac:(lra)); nra.
Qed.

Lemma sqrt_3 : 0 < sqrt 3 /\ sqrt 3 ^ 2 = 3.
Proof. split; [apply sqrt_lt_R0; lra | apply pow2_sqrt; lra]. Qed.

Lemma sqrt_PI : 0 < sqrt PI /\ sqrt PI ^ 2 = PI.
Proof. pose proof PI_RGT_0; split; [apply sqrt_lt_R0; lra | apply pow2_sqrt; lra]. Qed.

(** |2 t (1 - t^2)| <= 4/(3 sqrt 3) for |t| <= 1, with equality at t = 1/sqrt 3. *)
Lemma cubic_bound t : -1 <= t <= 1 -> Rabs (2 * t * (1 - t ^ 2)) <= 4 / (3 * sqrt 3).
Proof.
  intros Ht; destruct sqrt_3 as [Hp H3]; set (r := / sqrt 3).
  assert (Hr : 3 * r ^ 2 = 1) by (unfold r; rewrite <- H3 at 1; field; lra).
  assert (Hr0 : 0 < r) by (apply Rinv_0_lt_compat; lra).
  assert (Hr1 : 1 <= 2 * r) by nra.
  replace (4 / (3 * sqrt 3)) with (4 * r * r ^ 2)
    by (replace (4 * r * r ^ 2) with (4 / 3 * r * (3 * r ^ 2)) by field; rewrite Hr; unfold r; field; lra).
  replace (2 * t * (1 - t ^ 2)) with (2 * t * (3 * r ^ 2 - t ^ 2)) by (rewrite Hr; ring).
  (* 4 r^3 -+ 2 t (3 r^2 - t^2) = 2 (t -+ r)^2 (2 r +- t)  and  |t| <= 1 <= 2 r *)
  apply Rabs_le; split.
  - assert (0 <= 2 * (t + r) ^ 2 * (2 * r - t)); [|nra].
    apply Rmult_le_pos; [pose proof (pow2_ge_0 (t + r)) | ]; lra.
  - assert (0 <= 2 * (t - r) ^ 2 * (2 * r + t)); [|nra].
    apply Rmult_le_pos; [pose proof (pow2_ge_0 (t - r)) | ]; lra.
Qed.

(** e^u >= (1 + u/2)^2 for u >= 0. *)
Lemma exp_ge_square u : 0 <= u -> (1 + u / 2) ^ 2 <= exp u.
Proof.
  intros Hu; replace (exp u) with (exp (u / 2) ^ 2) by (simpl; rewrite Rmult_1_r, <- exp_plus; f_equal; field).
  pose proof (exp_ineq1_le (u / 2)); apply pow_incr; lra.
Qed.

(** e^u >= (1 + u/3)^3 for u >= 0. *)
Lemma exp_ge_cube u : 0 <= u -> (1 + u / 3) ^ 3 <= exp u.
Proof.
  intros Hu; replace (exp u) with (exp (u / 3) ^ 3)
    by (simpl; rewrite Rmult_1_r, <- !exp_plus; f_equal; field).
  pose proof (exp_ineq1_le (u / 3)); apply pow_incr; lra.
Qed.

Lemma exp_neg_le_1 u : 0 <= u -> exp (- u) <= 1.
Proof.
  intros; rewrite <- exp_0; destruct (Req_dec u 0) as [->|]; [rewrite Ropp_0; lra|].
  left; apply exp_increasing; lra.
Qed.
