(** Two or more layers with biases have no global Lipschitz constant, at any depth and widths (global-order-1, BIAS);
    one hidden sigmoid without bias after it does have one (global-sigmoid-pair, order 1). *)
From Coq Require Import Reals Lra Psatz Arith Lia.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Sums Network Smoothness Functions Constants Calculus ActTanh Activations.
Open Scope R_scope.

(** A vector with one entry. *)
Definition single (a : R) : vec := fun i => match i with O => a | _ => 0 end.
Lemma norm_single n a : (0 < n)%nat -> norm n (single a) = Rabs a.
Proof.
  intros H; unfold norm; replace (Sum n (fun i => single a i ^ 2)) with (a ^ 2); [now rewrite <- pow2_abs, sqrt_pow2 by apply Rabs_pos|].
  induction n as [|n IH]; [lia|]; destruct n as [|n]; [cbn; ring|].
  cbn [Sum] in *; rewrite <- IH by lia; simpl; ring.
Qed.
Lemma Sum_single n (f : nat -> R) : (0 < n)%nat -> (forall j, f (S j) = 0) -> Sum n f = f O.
Proof.
  intros H Hf; induction n as [|n IH]; [lia|]; destruct n as [|n]; [cbn; ring|].
  cbn [Sum] in *; rewrite IH, Hf by lia; ring.
Qed.

(** A block that uses one neuron: A = a e1 e1^T, b = c e1. *)
Definition one (a c : R) : block := (fun i => match i with O => single a | _ => single 0 end, single c).

Section NoGlobal.
  Variable net : network.
  Variable m : nat.
  Variable x : vec.
  Hypothesis depth : (2 <= m)%nat.
  Hypothesis widths : forall k, (k <= m)%nat -> (0 < width net k)%nat.
  Hypothesis biases : forall k, (1 <= k < m)%nat -> bias net k = true.
  Hypothesis first : bias net 0 = true \/ x O <> 0.
  (** Every activation has a point where its derivative is not 0. *)
  Variables t d : nat -> R.
  Hypothesis steep : forall k, (k < m)%nat -> is_derive (act net k) (t k) (d k) /\ d k <> 0.

  Variable R0 : R.

  (** Layer 0 rests at t_0 + s, layer 1 has the weight R0, the later ones the weight 1; biases put each at t_k. *)
  Definition gain_of (k : nat) : R := match k with 1%nat => R0 | _ => 1 end.
  Definition first_block (s : R) : block :=
    if bias net 0 then one 0 (t O + s) else one ((t O + s) / x O) 0.
  Definition path (s : R) : parameters :=
    fun k => match k with O => first_block s | S j => one (gain_of k) (t k - gain_of k * act net j (t j)) end.

  Lemma affine_one n a c u : (0 < n)%nat -> affine n (one a c) u O = a * u O + c.
  Proof.
    intros H; unfold affine, linear, one, weight, offset; simpl; f_equal; apply (Sum_single n (fun j => single a j * u j)); [easy|].
    intros j; simpl; ring.
  Qed.

  Lemma affine_first s : affine (width net 0) (first_block s) x O = t O + s.
  Proof.
    unfold first_block; pose proof (widths 0 ltac:(lia)); destruct first as [E|E].
    - rewrite E, affine_one by easy; ring.
    - destruct (bias net 0); rewrite affine_one by easy; [ring | field; easy].
  Qed.

  (** The product of the gains and slopes after layer 0. *)
  Fixpoint slope_of (k : nat) : R :=
    match k with O => 1 | S j => d j * (match j with O => 1 | _ => gain_of j end * slope_of j) end.

  Lemma path_value k : (1 <= k <= m)%nat -> N net x (path 0) k O = act net (pred k) (t (pred k)).
  Proof.
    induction k as [|k IH]; [lia|]; intros H; cbn [N pred]; unfold z_of; f_equal.
    destruct k as [|k].
    - cbn [path N]; rewrite affine_first; ring.
    - pose proof (widths (S k) ltac:(lia)); cbn [path]; rewrite affine_one, IH by (easy || lia); cbn [pred]; ring.
  Qed.

  Lemma path_derive k : (1 <= k <= m)%nat -> is_derive (fun s => N net x (path s) k O) 0 (slope_of k).
  Proof.
    induction k as [|k IH]; [lia|]; intros H; cbn [N slope_of]; rewrite Rmult_comm.
    destruct (steep k ltac:(lia)) as [Dk _].
    apply (is_derive_comp (act net k) (fun s => z_of net k (path s k) (N net x (path s) k) O)); destruct k as [|k].
    - cbn [path N]; unfold z_of; rewrite affine_first, Rplus_0_r; exact Dk.
    - unfold z_of; pose proof (widths (S k) ltac:(lia)); cbn [path]; rewrite affine_one by easy.
      rewrite path_value by lia; cbn [pred].
      replace (gain_of (S k) * act net k (t k) + (t (S k) - gain_of (S k) * act net k (t k))) with (t (S k)) by ring; exact Dk.
    - apply (is_derive_ext (fun s => t O + s)); [intros s; symmetry; apply affine_first|].
      cbn [slope_of]; auto_derive; [easy | ring].
    - pose proof (widths (S k) ltac:(lia)); unfold z_of.
      apply (is_derive_ext (fun s => gain_of (S k) * N net x (path s) (S k) O
                                    + (t (S k) - gain_of (S k) * act net k (t k)))).
      { intros s; cbn [path]; now rewrite affine_one. }
      evar_last.
      + apply @is_derive_plus; [apply is_derive_scal, IH; lia | apply @is_derive_const].
      + unfold plus, zero; simpl; ring.
  Qed.

  Lemma path_respects s k : (k < m)%nat -> respects (bias net k) (path s k).
  Proof.
    intros H E i; destruct k as [|k]; cbn [path].
    - unfold first_block; rewrite E; now destruct i.
    - rewrite biases in E by lia; easy.
  Qed.

  Definition speed : R := if bias net 0 then 1 else / Rabs (x O).

  Lemma block_norm_one rows cols a c : (0 < rows)%nat -> (0 < cols)%nat -> block_norm rows cols (one a c) = sqrt (a ^ 2 + c ^ 2).
  Proof.
    intros Hr Hc; unfold block_norm; rewrite (norm_ext _ _ (single (sqrt (a ^ 2 + c ^ 2)))).
    - rewrite norm_single, Rabs_pos_eq; [easy | apply sqrt_pos | easy].
    - intros [|i] _.
      + change (sqrt (Sum cols (fun j => single a j ^ 2) + c ^ 2) = sqrt (a ^ 2 + c ^ 2)).
        rewrite (Sum_single cols (fun j => single a j ^ 2)) by (easy || intros; simpl; ring); easy.
      + change (sqrt (Sum cols (fun j => single 0 j ^ 2) + 0 ^ 2) = 0).
        rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros [|j] _; simpl; ring).
        replace (INR cols * 0 + 0 ^ 2) with 0 by ring; apply sqrt_0.
  Qed.

  Lemma path_distance s : parameter_norm net m (minus_all (path s) (path 0)) = speed * Rabs s.
  Proof.
    unfold parameter_norm; rewrite (norm_ext _ _ (single (speed * Rabs s))).
    - rewrite norm_single by lia; apply Rabs_pos_eq, Rmult_le_pos; [|apply Rabs_pos].
      unfold speed; destruct (bias net 0); [lra|]; destruct first as [E|E]; [easy|].
      apply Rlt_le, Rinv_0_lt_compat, Rabs_pos_lt, E.
    - pose proof (widths 0 ltac:(lia)); pose proof (widths 1 ltac:(lia)); intros k Hk; unfold minus_all; destruct k as [|k].
      + assert (K : forall rows cols a c a' c', block_norm rows cols (minus (one a c) (one a' c')) = block_norm rows cols (one (a - a') (c - c'))).
        { intros; unfold block_norm; apply norm_ext; intros i _; f_equal; f_equal; [apply Sum_ext; intros j _|].
          - unfold minus, one, weight; destruct i, j; simpl; ring.
          - unfold minus, one, offset; destruct i; simpl; ring. }
        cbn [path single]; unfold first_block, speed; destruct (bias net 0) eqn:E.
        * rewrite K, block_norm_one by easy; replace ((0 - 0) ^ 2 + (t O + s - (t O + 0)) ^ 2) with (s ^ 2) by ring.
          rewrite <- (pow2_abs s), sqrt_pow2 by apply Rabs_pos; ring.
        * destruct first as [F|F]; [congruence|].
          rewrite K, block_norm_one by easy.
          replace (((t O + s) / x O - (t O + 0) / x O) ^ 2 + (0 - 0) ^ 2) with ((s * / x O) ^ 2) by (field; easy).
          rewrite <- (pow2_abs (s * / x O)), sqrt_pow2, Rabs_mult, Rabs_inv by apply Rabs_pos; ring.
      + cbn [path single]; unfold block_norm.
        rewrite (norm_ext _ _ (single 0)), norm_single, Rabs_R0; [easy | apply widths; lia|].
        intros i _; unfold minus, weight, offset; simpl; rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; ring).
        match goal with |- sqrt ?e = _ => replace e with 0 by ring end; rewrite sqrt_0; now destruct i.
  Qed.
End NoGlobal.

Lemma slope_of_scale d R0 k : (2 <= k)%nat -> slope_of d R0 k = R0 * slope_of d 1 k.
Proof.
  induction k as [|k IH]; [lia|]; intros H; destruct k as [|[|k]]; [lia | simpl; ring|].
  change (d (S (S k)) * (gain_of R0 (S (S k)) * slope_of d R0 (S (S k))) = R0 * (d (S (S k)) * (gain_of 1 (S (S k)) * slope_of d 1 (S (S k))))).
  rewrite IH by lia; simpl gain_of; ring.
Qed.

Lemma slope_of_nonzero d k : (forall j, (j < k)%nat -> d j <> 0) -> slope_of d 1 k <> 0.
Proof.
  induction k as [|k IH]; intros H; cbn [slope_of]; [lra|].
  apply Rmult_integral_contrapositive_currified; [apply H; lia|].
  apply Rmult_integral_contrapositive_currified; [destruct k as [|[|k]]; simpl; lra | apply IH; intros; apply H; lia].
Qed.

(** A derivative larger than c gives a secant larger than c. *)
Lemma steep_secant (h : R -> R) l c : is_derive h 0 l -> c < Rabs l -> exists s, s <> 0 /\ c * Rabs s < Rabs (h s - h 0).
Proof.
  intros Hd Hl; assert (He : 0 < Rabs l - c) by lra.
  apply is_derive_Reals in Hd; destruct (Hd _ He) as [del Hdel].
  exists (del / 2); pose proof (cond_pos del); assert (Hn : del / 2 <> 0) by lra; split; [easy|].
  specialize (Hdel _ Hn ltac:(rewrite Rabs_pos_eq; lra)); rewrite Rplus_0_l in Hdel.
  set (q := (h (del / 2) - h 0) / (del / 2)) in *.
  replace (h (del / 2) - h 0) with (q * (del / 2)) by (unfold q; field; lra); rewrite Rabs_mult.
  apply Rmult_lt_compat_r; [apply Rabs_pos_lt; easy|].
  pose proof (Rabs_triang_inv l q); rewrite (Rabs_minus_sym l q) in *; lra.
Qed.

(** No L bounds |N_theta(x) - N_theta'(x)| / |theta - theta'| over all parameters. *)
Theorem no_global_lipschitz net m x :
  (2 <= m)%nat -> (forall k, (k <= m)%nat -> (0 < width net k)%nat) ->
  (forall k, (1 <= k < m)%nat -> bias net k = true) -> (bias net 0 = true \/ x O <> 0) ->
  (exists t d : nat -> R, forall k, (k < m)%nat -> is_derive (act net k) (t k) (d k) /\ d k <> 0) ->
  forall L, exists theta theta',
    (forall k, (k < m)%nat -> respects (bias net k) (theta k) /\ respects (bias net k) (theta' k)) /\
    L * parameter_norm net m (minus_all theta theta')
      < norm (width net m) (fun i => N net x theta m i - N net x theta' m i).
Proof.
  intros Hm Hw Hb Hf (t & d & Hd) L.
  set (c := slope_of d 1 m); assert (Hc : c <> 0) by (apply slope_of_nonzero; intros; apply Hd; lia).
  set (v := speed net x).
  set (R0 := (Rabs (L * v) + 1) / c).
  assert (Hs : Rabs (slope_of d R0 m) = Rabs (L * v) + 1).
  { rewrite slope_of_scale by easy; fold c; unfold R0.
    replace ((Rabs (L * v) + 1) / c * c) with (Rabs (L * v) + 1) by (field; easy).
    apply Rabs_pos_eq; pose proof (Rabs_pos (L * v)); lra. }
  destruct (steep_secant (fun s => N net x (path net x t R0 s) m O) (slope_of d R0 m) (L * v)) as (s & _ & Hsec).
  - apply path_derive with (m := m); auto; lia.
  - rewrite Hs; pose proof (Rle_abs (L * v)); lra.
  - exists (path net x t R0 s), (path net x t R0 0); split.
    + intros k Hk; split; apply path_respects with (m := m); auto.
    + rewrite path_distance by auto; fold v; rewrite <- Rmult_assoc.
      eapply Rlt_le_trans; [exact Hsec|].
      apply (entry_le_norm (width net m) (fun i => N net x (path net x t R0 s) m i - N net x (path net x t R0 0) m i)).
      apply Hw; lia.
Qed.

(** For example tanh and sigmoid networks with biases, of every depth from 2 and all widths. *)
Corollary no_global_tanh widths m x : (2 <= m)%nat -> (forall k, (k <= m)%nat -> (0 < widths k)%nat) ->
  let net := Build_network widths (fun _ => base tanh_act) (fun _ => true) in
  forall L, exists theta theta', L * parameter_norm net m (minus_all theta theta')
    < norm (widths m) (fun i => N net x theta m i - N net x theta' m i).
Proof.
  intros Hm Hw net L; destruct (no_global_lipschitz net m x Hm Hw) with (L := L) as (u & u' & _ & H).
  - intros; reflexivity.
  - now left.
  - exists (fun _ => 0), (fun _ => 1); intros k _; split; [|lra].
    replace 1 with (1 - tanh 0 ^ 2) by (rewrite tanh_0; ring); apply tanh_derive.
  - now exists u, u'.
Qed.

(** * One hidden sigmoid, no bias after it *)

Section SigmoidPair.
  Variables (n : nat) (x : vec) (kappa q : R).
  Hypothesis kappa_bound : forall s, Rabs (s * (sigmoid s * (1 - sigmoid s))) <= kappa.
  Hypothesis input : norm n x ^ 2 + 1 <= q ^ 2.
  Hypothesis q_nonneg : 0 <= q.

  (** N = sigmoid(w sigmoid(a x + b)) *)
  Definition pair_z (t : block) : R := affine n t x O.
  Definition pair (t : block) (w : R) : R := sigmoid (w * sigmoid (pair_z t)).
  Definition pair_constant : R := Rmax (1 / 4) (kappa * q).

  Lemma pair_path t v w dw s :
    is_derive (fun s => pair (along t v s) (w + s * dw)) s
      (let y := sigmoid (pair_z (along t v s)) in let r := (w + s * dw) * y in
       sigmoid r * (1 - sigmoid r) * y * dw + r * (sigmoid r * (1 - sigmoid r)) * (1 - y) * pair_z v).
  Proof.
    assert (Z : forall s, pair_z (along t v s) = pair_z t + s * pair_z v).
    { intros r; unfold pair_z, affine, linear, along, weight, offset; simpl.
      rewrite Rmult_plus_distr_l, <- Sum_scal.
      rewrite (Sum_ext n (fun j => (fst t O j + r * fst v O j) * x j)
        (fun j => fst t O j * x j + r * (fst v O j * x j))) by (intros; ring).
      rewrite Sum_plus; ring. }
    apply (is_derive_ext (fun s => sigmoid ((w + s * dw) * sigmoid (pair_z t + s * pair_z v)))).
    { intros r; unfold pair; now rewrite Z. }
    cbv zeta; rewrite Z; auto_derive; [easy|]; unfold UnaryDiff_f', UnaryDiff_sigmoid; ring.
  Qed.

  (** p^2 y^2 + kappa^2 q^2 (1 - y)^2 <= max(1/4, kappa q)^2 (y^2 + (1 - y)^2), and y^2 + (1 - y)^2 <= 1 *)
  Theorem sigmoid_pair t t' w w' :
    Rabs (pair t' w' - pair t w)
      <= pair_constant * sqrt (block_norm 1 n (minus t' t) ^ 2 + (w' - w) ^ 2).
  Proof.
    set (v := minus t' t); set (dw := w' - w).
    destruct (mean_value _ _ 0 1 (pair_path t v w dw)) as (s & _ & E); cbv beta in E.
    assert (E1 : pair (along t v 1) (w + 1 * dw) = pair t' w').
    { unfold pair, dw; replace (w + 1 * (w' - w)) with w' by ring; do 3 f_equal.
      unfold pair_z, affine, linear, along, v, minus, weight, offset; simpl; f_equal; [apply Sum_ext; intros|]; ring. }
    assert (E0 : pair (along t v 0) (w + 0 * dw) = pair t w).
    { unfold pair; replace (w + 0 * dw) with w by ring; do 3 f_equal.
      unfold pair_z, affine, linear, along, weight, offset; simpl; f_equal; [apply Sum_ext; intros|]; ring. }
    rewrite E1, E0 in E; rewrite E, Rminus_0_r, Rmult_1_r; cbv zeta.
    set (y := sigmoid (pair_z (along t v s))) in *; set (r := (w + s * dw) * y).
    pose proof (sigmoid_range (pair_z (along t v s))) as Y; fold y in Y.
    pose proof (sigmoid_p r) as P; pose proof (kappa_bound r) as K.
    set (p := sigmoid r * (1 - sigmoid r)) in *; set (rp := r * p) in *.
    assert (Hz : Rabs (pair_z v) <= q * block_norm 1 n v).
    { pose proof (entry_le_norm 1 (affine n v x) 0 ltac:(lia)) as A.
      pose proof (affine_le 1 n true v x ltac:(easy)) as B; unfold slope_norm in B.
      assert (sqrt (norm n x ^ 2 + 1) <= q) by (apply sqrt_le_of_sq; easy).
      pose proof (block_norm_nonneg 1 n v); fold (pair_z v) in A; nra. }
    pose proof (block_norm_nonneg 1 n v) as Bn; set (e := block_norm 1 n v) in *.
    assert (Kq : 0 <= kappa) by (pose proof (Rabs_pos rp); lra).
    assert (M1 : 1 / 4 <= pair_constant) by apply Rmax_l; assert (M2 : kappa * q <= pair_constant) by apply Rmax_r.
    set (M := pair_constant) in *.
    (* |p y dw + rp (1 - y) dz| <= M (y |dw| + (1 - y) e) <= M sqrt(dw^2 + e^2) *)
    assert (A1 : Rabs (p * y * dw) <= M * (y * Rabs dw)).
    { rewrite !Rabs_mult, (Rabs_pos_eq p), (Rabs_pos_eq y) by lra; pose proof (Rabs_pos dw).
      rewrite Rmult_assoc; apply Rmult_le_compat_r; [nra | lra]. }
    assert (A2 : Rabs (rp * (1 - y) * pair_z v) <= M * ((1 - y) * e)).
    { rewrite !Rabs_mult, (Rabs_pos_eq (1 - y)) by lra; pose proof (Rabs_pos (pair_z v)); pose proof (Rabs_pos rp).
      apply Rle_trans with (kappa * (1 - y) * (q * e)); [apply Rmult_le_compat; nra|].
      replace (kappa * (1 - y) * (q * e)) with (kappa * q * ((1 - y) * e)) by ring; apply Rmult_le_compat_r; nra. }
    eapply Rle_trans; [apply Rabs_triang|].
    apply Rle_trans with (M * (y * Rabs dw + (1 - y) * e)); [lra|].
    apply Rmult_le_compat_l; [lra|]; apply le_sqrt_of_sq; [nra|].
    pose proof (cauchy_schwarz_2 y (Rabs dw) (1 - y) e) as C; rewrite pow2_abs in C.
    pose proof (pow2_ge_0 dw); pose proof (pow2_ge_0 e); assert (y ^ 2 + (1 - y) ^ 2 <= 1) by nra; nra.
  Qed.
End SigmoidPair.
