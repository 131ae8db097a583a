(** What a certificate of lipsym needs besides the theorems: finite lists as functions of the layer, the constants of
    GELU and SiLU as decimals, derivatives of scalar networks, and Lipschitz constants on boxes. *)
From Coq Require Import Reals Lra Psatz Lia List.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Lipsym Require Import Sums Network Smoothness Functions Constants Calculus ActTanh ActGauss ActElementary Activations.
Import ListNotations.
Open Scope R_scope.

(** Entry k of a list; behind its end the layer that does nothing. *)
Definition entry (l : list R) (k : nat) : R := nth k l 0.
Definition layer_width (l : list nat) (k : nat) : nat := nth k l 0%nat.
Definition layer_act (l : list activation) (k : nat) : activation := nth k l (base identity_act).
Definition layer_smooth (l : list smooth_activation) (k : nat) : smooth_activation := nth k l identity_act.

(** [INR n] as a number that [interval] can read. *)
Lemma INR_of_nat n : INR n = IZR (Z.of_nat n). Proof. apply INR_IZR_INZ. Qed.

(** The constants of the two rows that have no closed form in the functions [interval] knows. *)
Lemma erf_1_value : 0.8427007929495 <= erf 1 <= 0.8427007929500.
Proof.
  unfold erf.
  assert (I : 0.7468241328123 <= RInt (fun t => exp (- t ^ 2)) 0 1 <= 0.7468241328126)
    by (integral with (i_prec 64, i_width (-46))).
  set (a := RInt _ _ _) in *; clearbody a; interval with (i_prec 60).
Qed.
Lemma gelu_s1_value : 1.1289041451849 <= gelu_s1 <= 1.1289041451854.
Proof. unfold gelu_s1; pose proof erf_1_value; set (a := erf 1) in *; clearbody a; interval with (i_prec 60). Qed.

(** The root of z tanh (z/2) = 2 by its sign at two points. *)
Lemma silu_root_value : 2.3993572805153 <= silu_s1_at <= 2.3993572805156.
Proof.
  assert (L : 2.3993572805153 * (1 - 2 / (exp (2 * (2.3993572805153 / 2)) + 1)) < 2) by (interval with (i_prec 60)).
  assert (U : 2 < 2.3993572805156 * (1 - 2 / (exp (2 * (2.3993572805156 / 2)) + 1))) by (interval with (i_prec 60)).
  rewrite <- tanh_exp in L, U; destruct silu_root as [H E].
  set (r := silu_s1_at) in *; clearbody r; split; apply Rnot_lt_le; intros C.
  - pose proof (z_tanh_increasing r 2.3993572805153 ltac:(lra)); lra.
  - pose proof (z_tanh_increasing 2.3993572805156 r ltac:(lra)); lra.
Qed.
Lemma silu_s1_value : 1.0998393201288 <= silu_s1 <= 1.0998393201289.
Proof.
  change silu_s1 with (1 / 4 * silu_s1_at + 1 / 2); pose proof silu_root_value.
  set (r := silu_s1_at) in *; clearbody r; lra.
Qed.

(** * Scalar networks on boxes: |h'| <= c on [0, 1] along every segment *)

Lemma segment (h h' : R -> R) c : (forall t, is_derive h t (h' t)) -> (forall t, 0 <= t <= 1 -> Rabs (h' t) <= c) ->
  Rabs (h 1 - h 0) <= c.
Proof.
  intros D B; destruct (mean_value h h' 0 1 D) as (t & Ht & E).
  rewrite Rmin_left, Rmax_right in Ht by lra; rewrite E, Rminus_0_r, Rmult_1_r; auto.
Qed.

Lemma on_segment lo hi u v t : lo <= u <= hi -> lo <= v <= hi -> 0 <= t <= 1 -> lo <= u + t * (v - u) <= hi.
Proof. intros; split; nra. Qed.

(** |Sum u_i v_i| <= c |v| if Sum u_i^2 <= c^2 *)
Lemma gradient_bound (u v : list R) c s : 0 <= c -> s = Sum (length u) (fun i => nth i u 0 * nth i v 0) ->
  Sum (length u) (fun i => nth i u 0 ^ 2) <= c ^ 2 ->
  Rabs s <= c * sqrt (Sum (length u) (fun i => nth i v 0 ^ 2)).
Proof.
  intros Hc -> H; eapply Rle_trans; [apply dot_le|].
  apply Rmult_le_compat_r; [apply sqrt_pos | now apply sqrt_le_of_sq].
Qed.

(** Unfolds what a certificate for a product of balls has to compute, and computes it.  Nothing but numbers is left then. *)
Ltac numbers :=
  cbv beta iota zeta delta [
    W H2 gain slope_at slope_norm value_of_affine range_step around_zero radius alpha beta width act bias
    entry layer_width layer_act layer_smooth nth base value s0 c0 s1 s2 slope smooth kinked
    identity_act tanh_act sigmoid_act softplus_act sin_act arctan_act erf_act softsign_act gelu_act silu_act elu_act
    relu_act leaky_relu_act
    identity_c0 tanh_c0 sigmoid_c0 softplus_c0 sin_c0 arctan_c0 erf_c0 softsign_c0 gelu_c0 silu_c0 elu_c0
    identity_s1 tanh_s1 sigmoid_s1 softplus_s1 sin_s1 arctan_s1 erf_s1 softsign_s1 elu_s1 relu_s1 leaky_relu_s1
    identity_s2 tanh_s2 sigmoid_s2 softplus_s2 sin_s2 arctan_s2 erf_s2 softsign_s2 gelu_s2 silu_s2 elu_s2
    tanh_s0 sigmoid_s0 sin_s0 arctan_s0 erf_s0 softsign_s0 ];
  repeat match goal with |- context [INR ?n] =>
    rewrite (INR_of_nat n); let z := eval vm_compute in (Z.of_nat n) in change (Z.of_nat n) with z end;
  try (pose proof gelu_s1_value; set (g := gelu_s1) in *; clearbody g);
  try (pose proof silu_s1_value; set (h := silu_s1) in *; clearbody h);
  interval with (i_prec 64).

(** Derivatives by name, and side conditions, of scalar networks. *)
Ltac slopes := unfold UnaryDiff_f', UnaryDiff_tanh, UnaryDiff_sigmoid; unfold softplus, sigmoid.
Ltac sides := repeat split; try easy; unfold sigmoid; repeat match goal with
  | |- context [exp ?a] => lazymatch goal with H : 0 < exp a |- _ => fail | _ => pose proof (exp_pos a) end end;
  try lra.
